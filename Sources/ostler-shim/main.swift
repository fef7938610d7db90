import OstlerShim

Startup.run()
