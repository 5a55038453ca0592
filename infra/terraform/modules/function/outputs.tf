output "id" {
  description = "The name that it is deployed under."
  value       = local.id
}

output "account" {
  description = "Whom it runs as."
  value       = google_service_account.function.member
}

output "timeout" {
  description = "The seconds that an answer may take."
  value       = var.function.timeout
}

output "url" {
  description = "Where it is reached; whoever uses it may call the function."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
  depends_on  = [google_cloud_run_service_iam_member.caller]
}
