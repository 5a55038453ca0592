variable "name" {
  description = "Of the function's folder, and of its entry point."
  type        = string
}

variable "function" {
  description = "What the table of functions says of it; here is what it is where the table says nothing."
  type = object({
    firestore   = optional(string)
    memory      = optional(string, "512Mi")
    cpu         = optional(string, "1")
    concurrency = optional(number, 80)
    timeout     = optional(number, 60)
  })

  validation {
    condition     = var.function.firestore == null || contains(["read", "write"], coalesce(var.function.firestore, "read"))
    error_message = "firestore: must be \"read\" or \"write\", or left out."
  }
}

variable "project" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "bundle" {
  description = "What is deployed, without its suffix: `.zip` is the bundle, `.sha256` the digest that decides whether it is."
  type        = string

  validation {
    condition     = fileexists("${var.bundle}.zip") && fileexists("${var.bundle}.sha256")
    error_message = "There is no ${var.bundle}.zip: run `python3 infra/terraform/bundle.py` first; see README.md, \"The first time\"."
  }
}

variable "build" {
  description = "The account that builds it, the bucket that its bundle is put into, and the repository of the result."
  type        = object({ account = string, bucket = string, repository = string })
}

variable "labels" {
  description = "What it is marked with."
  type        = map(string)
}

variable "warm" {
  description = "Whether an instance is always kept."
  type        = bool
}

variable "max" {
  description = "How many instances there may be."
  type        = number
}

variable "ingress" {
  description = "From where it can be reached."
  type        = string
}

variable "callers" {
  description = "Who alone may call it; empty: everybody, whom it tells apart itself."
  type        = map(string)
}

variable "settings" {
  description = "Its environment."
  type        = map(string)
}

variable "secrets" {
  description = "What of its environment is in Secret Manager: name and version."
  type        = map(number)
}

variable "topics" {
  description = "The topics that it publishes to."
  type        = map(string)
}

variable "serve" {
  description = "Whether the next revision gets all traffic as soon as it is there."
  type        = bool
}
