enum OstlerCommandsPlaceholder {}
