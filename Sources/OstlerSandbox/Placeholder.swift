enum OstlerSandboxPlaceholder {}
