"""Who asked for what: the load balancer's log of every request, in a bucket that nobody outside can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import StackConfig

PREFIX = "edge"


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    """`keep_days`: then the logs go. `keep_bucket`: refuse to delete the bucket as long as it holds any."""

    account: str
    keep_days: int
    keep_bucket: bool

    @classmethod
    def of(cls, config: StackConfig, account: str) -> Self | None:
        """The stack's own; the embedded run has none."""
        if config.local is not None:
            return None
        return cls(account=account, keep_days=config.log_retention_days, keep_bucket=config.is_prod)

    def validate(self) -> None:
        """Raises ValueError for logs that would be gone before anyone reads them."""
        if self.keep_days < 1:
            raise ValueError(f"keep_days is {self.keep_days}; use 1 or more")


class AccessLogs(Component):
    """An encrypted bucket into which load balancers of this account may put logs. `bucket` is known once they may."""

    bucket: pulumi.Output[str]

    def __init__(self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        bucket = aws.s3.Bucket(f"{name}-access-logs", force_destroy=not args.keep_bucket, opts=self.child())
        self._close(bucket)
        self._expire(bucket)
        admitted = self._admit(bucket)
        self.bucket = pulumi.Output.all(bucket.bucket, admitted.id).apply(lambda known: str(known[0]))
        self.finish()

    def _close(self, bucket: aws.s3.Bucket) -> None:
        name = f"{self.name}-access-logs"
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(),
        )
        # Log delivery knows no other encryption than the bucket's own keys (ELB guide, "enable-access-logging").
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self.child(),
        )

    def _expire(self, bucket: aws.s3.Bucket) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self.name}-access-logs",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": self._args.keep_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            opts=self.child(),
        )

    def _admit(self, bucket: aws.s3.Bucket) -> aws.s3.BucketPolicy:
        account = self._args.account
        policy = bucket.arn.apply(lambda arn: json.dumps(bucket_policy(arn, account)))
        return aws.s3.BucketPolicy(f"{self.name}-access-logs", bucket=bucket.bucket, policy=policy, opts=self.child())


def bucket_policy(arn: str, account: str) -> Mapping[str, Any]:
    """Who may do what with the bucket `arn`: log delivery writes, and nobody goes without TLS."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{arn}/{PREFIX}/AWSLogs/{account}/*",
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
