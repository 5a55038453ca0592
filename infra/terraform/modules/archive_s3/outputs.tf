output "location" {
  description = "What to set ARCHIVE to."
  value       = trimsuffix("s3://${aws_s3_bucket.archive.bucket}/${var.prefix}", "/")
}

output "policy_arn" {
  description = "The policy to attach to the user or role whose credentials the archive function has."
  value       = aws_iam_policy.archive.arn
}
