enum OstlerTasksPlaceholder {}
