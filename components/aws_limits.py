"""What AWS takes, and what it keeps for itself: figures of its documentation, which no configuration can change."""

from __future__ import annotations

FARGATE_MEMORY: dict[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
"""CPU units -> MiB: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"""

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""What CloudWatch takes: PutRetentionPolicy in the CloudWatch Logs API reference."""

RESERVED_ADDRESSES = 5
"""Of each subnet, by AWS."""

LOAD_BALANCER_ADDRESSES = 8
"""Free in each of a load balancer's subnets, or AWS refuses to scale it."""

TARGET_GROUP_NAME = 32 - len("-1a2b3c4")
"""Characters of the longest name, without the random part."""
