import Glibc
import OstlerCommandPlugin

exit(Startup.run())
