internal import Glibc

exit(Startup.run())
