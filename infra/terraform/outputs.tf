output "address" {
  description = "Where the API is; with a domain, as soon as its certificate is there, which takes up to an hour."
  value       = var.domain == "" ? module.function["portfolio"].url : "https://${var.domain}"
}

output "ip_address" {
  description = "What the domain's A record has to say."
  value       = one(google_compute_global_address.public[*].address)
}

output "function_urls" {
  description = "Each function's own URL; behind a load balancer only Google Cloud itself reaches it there."
  value       = { for name, function in module.function : name => function.url }
}

output "archive" {
  description = "Where archives are kept."
  value       = local.own_archive ? google_storage_bucket.archive.url : var.archive
}
