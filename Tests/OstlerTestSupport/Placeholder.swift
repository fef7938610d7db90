enum OstlerTestSupportPlaceholder {}
