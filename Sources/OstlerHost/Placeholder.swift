enum OstlerHostPlaceholder {}
