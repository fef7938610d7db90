enum OstlerProtocolPlaceholder {}
