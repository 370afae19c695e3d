"""Where a pipeline's roles find the project's state, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass

from components.policies import Statement


@dataclass(frozen=True)
class PipelineState:
    """Where the project's state lies: an S3 bucket, and the ARN of the KMS key that encrypts secrets in it, if any."""

    bucket: str
    key: str | None

    def read(self) -> list[Statement]:
        """Leave to read every stack's state: one stack's images are taken over from another's."""
        bucket = f"arn:aws:s3:::{self.bucket}"
        statements: list[Statement] = [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/.pulumi/*"},
        ]
        if self.key is not None:
            statements.append({"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": self.key})
        return statements

    def write(self, stack: str) -> Statement:
        """Leave to write one stack's state (the layout of pulumi/pkg/backend/diy), its history, backups and lock."""
        project, _, name = stack.partition("-")
        root = f"arn:aws:s3:::{self.bucket}/.pulumi"
        return {
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:PutObject"],
            "Resource": [
                f"{root}/backups/{project}/{name}/*",
                f"{root}/history/{project}/{name}/*",
                f"{root}/locks/organization/{project}/{name}/*",
                f"{root}/stacks/{project}/{name}.*",
            ],
        }
