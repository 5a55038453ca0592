variable "project_id" {
  description = "The Google Cloud project that everything is put into."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: must be the id of a project, such as my-portfolio-123; see README.md, \"Before the first time\"."
  }
}

variable "region" {
  description = "Where functions, messages and files are."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: must be a region, such as europe-west1; see README.md, \"Variables\"."
  }
}

variable "firestore_location" {
  description = "Where the database is, a region or `eur3` or `nam5`; it cannot be changed afterwards. Default: the region."
  type        = string
  default     = null

  validation {
    condition     = var.firestore_location == null || can(regex("^([a-z]+-[a-z]+[0-9]+|eur3|nam5)$", var.firestore_location))
    error_message = "firestore_location: must be a region, eur3 or nam5; see README.md, \"Variables\"."
  }
}

variable "production" {
  description = "The one switch: instances kept warm, daily backups, Cloud Armor, a budget. Needs `domain`, `billing_account` and `alert_emails`."
  type        = bool
  default     = false

  validation {
    condition     = !var.production || var.domain != ""
    error_message = "domain: must be set when production is true, because Cloud Armor guards a load balancer; see README.md, \"Production\"."
  }

  validation {
    condition     = !var.production || var.billing_account != ""
    error_message = "billing_account: must be set when production is true, for the budget; see README.md, \"Production\"."
  }

  validation {
    condition     = !var.production || length(var.alert_emails) > 0
    error_message = "alert_emails: must name somebody when production is true; see README.md, \"Production\"."
  }
}

variable "domain" {
  description = "The name under which a load balancer serves all functions, such as `api.example.com`. Empty: no load balancer; each function has its own URL."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain: must be a host name, such as api.example.com, without https://; see README.md, \"A domain\"."
  }
}

variable "snapshot_schedule" {
  description = "When snapshots of all saved wallets are taken, in cron's notation and UTC."
  type        = string
  default     = "0 0 * * *"

  validation {
    condition     = length(split(" ", var.snapshot_schedule)) == 5
    error_message = "snapshot_schedule: must have cron's five fields, such as \"0 */6 * * *\"; see README.md, \"Variables\"."
  }
}

variable "archive" {
  description = "Where archives are kept: `s3://bucket/prefix`, which takes two secrets. Default: in a bucket of the project's own."
  type        = string
  default     = null

  validation {
    condition     = var.archive == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._=-]*)*$", var.archive))
    error_message = "archive: must be s3://bucket/prefix, or null for a bucket of the project's own; see README.md, \"Archives on S3\"."
  }

  validation {
    condition     = var.archive == null || alltrue([for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] : try(var.secrets[name], 0) > 0])
    error_message = "secrets: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must have a version when archive is on S3; see README.md, \"Archives on S3\"."
  }
}

variable "archive_schedule" {
  description = "When trades, snapshots and reports are written to the archive, in cron's notation and UTC."
  type        = string
  default     = "30 3 * * *"

  validation {
    condition     = length(split(" ", var.archive_schedule)) == 5
    error_message = "archive_schedule: must have cron's five fields, such as \"30 3 * * 0\"; see README.md, \"Variables\"."
  }
}

variable "archive_days" {
  description = "After how many days an archive in the project's own bucket is deleted. At most 400: the marks that keep a restore from bringing erased users back are kept somewhat longer than that."
  type        = number
  default     = 400

  validation {
    condition     = var.archive_days >= 1 && var.archive_days <= 400 && floor(var.archive_days) == var.archive_days
    error_message = "archive_days: must be a whole number from 1 to 400; see README.md, \"Variables\"."
  }
}

variable "settings" {
  description = "Further settings of the functions, by the names in the project's README: `{ CHAINS = \"ethereum,base\" }`."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.settings), local.setting_names)) == 0
    error_message = "settings: ${join(", ", setsubtract(keys(var.settings), local.setting_names))} cannot be set here; keys and RPC URLs are secrets, and see README.md, \"Settings\"."
  }

  validation {
    condition     = !contains(keys(var.settings), "SIWE_DOMAINS") || try(var.secrets["SESSION_KEY"], 0) > 0
    error_message = "secrets: SESSION_KEY must have a version when settings have SIWE_DOMAINS; see README.md, \"Secrets\"."
  }
}

variable "secrets" {
  description = "Settings that are kept in Secret Manager, and the version of each that the functions get. 0: made, but given to nobody yet."
  type        = map(number)
  default = {
    COINGECKO_API_KEY     = 0
    COINMARKETCAP_API_KEY = 0
    ETH_RPC_URL           = 0
    SESSION_KEY           = 0
  }

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex(local.secret_names, name))])
    error_message = "secrets: must be keys (COINMARKETCAP_API_KEY, COINGECKO_API_KEY, SESSION_KEY, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or RPC URLs (ETH_RPC_URL, SEPOLIA_RPC_URL, RPC_URL_8453); see README.md, \"Secrets\"."
  }

  validation {
    condition     = alltrue([for version in values(var.secrets) : version >= 0 && floor(version) == version])
    error_message = "secrets: a version must be a whole number, 0 for none yet; see README.md, \"Secrets\"."
  }
}

variable "alert_emails" {
  description = "Who is told when something needs a person: at most five addresses."
  type        = set(string)
  default     = []

  validation {
    condition     = length(var.alert_emails) <= 5
    error_message = "alert_emails: must be five at most, which is what a budget can tell; take a group's address for more; see README.md, \"Variables\"."
  }

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", email))])
    error_message = "alert_emails: must be e-mail addresses; see README.md, \"Variables\"."
  }
}

variable "billing_account" {
  description = "The billing account that a budget watches, such as `012345-6789AB-CDEF01`. Empty: no budget."
  type        = string
  default     = ""

  validation {
    condition     = var.billing_account == "" || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account: must look like 012345-6789AB-CDEF01; `gcloud billing accounts list` shows it; see README.md, \"Production\"."
  }
}

variable "monthly_budget" {
  description = "What a month may cost before the budget warns, in the billing account's currency."
  type        = number
  default     = 20

  validation {
    condition     = var.monthly_budget >= 1 && floor(var.monthly_budget) == var.monthly_budget
    error_message = "monthly_budget: must be a whole number of at least 1; see README.md, \"Costs\"."
  }
}

variable "held" {
  description = "Functions whose traffic stays where it is: for pipelines, which try a new revision first. It is written to `held.auto.tfvars.json` by them."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.held, keys(local.functions))) == 0
    error_message = "held: ${join(", ", setsubtract(var.held, keys(local.functions)))} is no function; see README.md, \"Variables\"."
  }
}
