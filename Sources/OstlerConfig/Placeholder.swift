enum OstlerConfigPlaceholder {}
