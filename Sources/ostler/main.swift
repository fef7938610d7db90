import OstlerCommands

OstlerCommand.start()
