enum OstlerJSONPlaceholder {}
