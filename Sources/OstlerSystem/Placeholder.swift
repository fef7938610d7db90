enum OstlerSystemPlaceholder {}
