enum OstlerSchemaPlaceholder {}
