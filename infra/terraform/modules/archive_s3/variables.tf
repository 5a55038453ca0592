variable "bucket" {
  description = "The bucket to make: its name is unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket: must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "prefix" {
  description = "What all names in the bucket begin with; empty for nothing."
  type        = string
  default     = "chainfolio"

  validation {
    condition     = can(regex("^([A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*)?$", var.prefix))
    error_message = "prefix: must be words of letters, digits and ._=- joined by slashes."
  }
}

variable "lock_days" {
  description = "For how many days nobody can delete an archive, by object lock; null for not at all. Users who are deleted stay in archives that long."
  type        = number
  default     = null

  validation {
    condition     = var.lock_days == null ? true : var.lock_days >= 1 && var.lock_days <= 3650
    error_message = "lock_days: must be 1 to 3650, or null."
  }
}

variable "keep_days" {
  description = "After how many days an archive is deleted; null for never. The marks that keep a restore from bringing erased users back are kept for 430 days."
  type        = number
  default     = 400

  validation {
    condition     = var.keep_days == null ? true : var.keep_days >= 1
    error_message = "keep_days: must be 1 or more, or null."
  }
}
