enum OstlerCatalogPlaceholder {}
