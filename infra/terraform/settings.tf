locals {
  # What every deployed function is told; nobody may choose otherwise.
  fixed_settings = {
    AUTH_MODE            = "oidc"
    BUS                  = "pubsub"
    GOOGLE_CLOUD_PROJECT = var.project_id
    STORE                = "firestore"
  }

  # What may be chosen with the variable `settings`.
  setting_names = [
    "ALLOW_PRIVATE_URLS",
    "ARCHIVE_ENDPOINT_URL",
    "ARCHIVE_METHODS",
    "ARCHIVE_REGION",
    "BACKED_BASE_URL",
    "BALANCE_TTL_SECONDS",
    "CHAINS",
    "CMC_BASE_URL",
    "COINGECKO_BASE_URL",
    "CORS_ORIGINS",
    "LLAMA_BASE_URL",
    "LOG_LEVEL",
    "OIDC_AUDIENCE",
    "OIDC_ISSUER",
    "OIDC_JWKS_URL",
    "PRICE_TTL_SECONDS",
    "RATE_LIMIT_PER_MINUTE",
    "SESSION_MINUTES",
    "SIWE_DOMAINS",
    "STREAMS_PER_CALLER",
    "STREAMS_PER_INSTANCE",
    "STREAM_HEARTBEAT_SECONDS",
    "STREAM_REFRESH_SECONDS",
    "STREAM_SECONDS",
    "TRACES",
    "TRACE_SAMPLE",
  ]
}
