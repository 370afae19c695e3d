"""The one way in: a load balancer that sends each path to its service, and a public origin in front of it.

Three shapes, by what the stack has: a domain (TLS at the load balancer), none (TLS at CloudFront, under CloudFront's
own name, and a load balancer that only CloudFront reaches), or the embedded run (plain HTTP on this machine).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pulumi
import pulumi_aws as aws

from components.access_logs import PREFIX, AccessLogs, AccessLogsArgs
from components.certificate import Certificate
from components.component import Component
from components.config import EdgeShape, StackConfig
from components.edge_answers import RESPONSE_HEADERS, not_found, to_https
from components.network import Network
from services import catalog

if TYPE_CHECKING:
    from components.web_firewall import WebFirewall, WebFirewallArgs

IDLE_TIMEOUT_SECONDS = 60
"""Of a connection at the load balancer; services keep theirs alive longer, or it would meet closed ones (502)."""

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy and authenticated encryption (Elastic Load Balancing, "Security policies")."""

ORIGIN_KEY_HEADER = "X-Origin-Key"
"""What CloudFront adds to each request: other people's distributions have CloudFront's addresses too."""

_HIDDEN = ("/health", "/health/*", catalog.METRICS_PATH)


def rule_priority(path: str, same_length: Sequence[str]) -> int:
    """Where a path pattern stands among all: the longer, the earlier (1 is the first of 50000).

    A new pattern of another length moves no other rule: the load balancer refuses to move a rule onto a priority that
    is still taken, which is what renumbering them all would do. `same_length`: the patterns as long as this one.
    """
    longest = 128  # Elastic Load Balancing's own limit
    return (longest - len(path) + 1) * 100 + sorted(same_length).index(path)


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """`domain` and `hosted_zone` belong to the shape of that name, `origin_key` to CloudFront's.

    `origin_key`: a secret that only CloudFront tells the load balancer. `access_logs` and `web_firewall`: None for an
    edge without. `protect`: the load balancer cannot be deleted.
    """

    shape: EdgeShape
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    protect: bool
    domain: str | None = None
    hosted_zone: str | None = None
    origin_key: pulumi.Output[str] | None = None
    access_logs: AccessLogsArgs | None = None
    web_firewall: WebFirewallArgs | None = None

    @classmethod
    def of(
        cls,
        config: StackConfig,
        account: str,
        network: Network,
        security_group_id: pulumi.Input[str],
        origin_key: pulumi.Output[str],
    ) -> Self:
        """The stack's own, in the public subnets."""
        return cls(
            shape=config.edge_shape,
            subnet_ids=network.public_subnet_ids,
            security_group_id=security_group_id,
            protect=config.is_prod,
            domain=config.domain,
            hosted_zone=config.hosted_zone,
            origin_key=origin_key if config.edge_shape is EdgeShape.CLOUDFRONT else None,
            access_logs=AccessLogsArgs.of(config, account),
            web_firewall=_web_firewall(config),
        )

    def validate(self) -> None:
        """Raises ValueError where shape and domain do not fit together."""
        if (self.shape is EdgeShape.DOMAIN) != (self.domain is not None and self.hosted_zone is not None):
            raise ValueError(f"the edge's shape is {self.shape.value}, with domain {self.domain}: give both or neither")
        if (self.shape is EdgeShape.CLOUDFRONT) != (self.origin_key is not None):
            raise ValueError(f"the edge's shape is {self.shape.value}: cloudfront alone has an origin key")


class Edge(Component):
    """The load balancer, its listener and the public origin, `url`, in lower case and without a slash at the end."""

    url: pulumi.Output[str]
    load_balancer_suffix: pulumi.Output[str]
    certificate_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._balancer = self._create_balancer(self._access_logs())
        self._firewall = self._create_firewall()
        self.load_balancer_suffix = self._balancer.arn_suffix
        self.certificate_arn = None
        self._listener = self._create_listener()
        self._hide_operations()
        self.url = self._create_origin().apply(str.lower)
        self.finish()

    @property
    def _is_behind_cloudfront(self) -> bool:
        return self._args.shape is EdgeShape.CLOUDFRONT

    def _access_logs(self) -> Any:
        if self._args.access_logs is None:
            return None
        logs = AccessLogs(self.name, self._args.access_logs, self.child())
        return {"bucket": logs.bucket, "prefix": PREFIX, "enabled": True}

    def _create_firewall(self) -> WebFirewall | None:
        if self._args.web_firewall is None:
            return None
        from components.web_firewall import WebFirewall  # noqa: PLC0415  (slow to import)

        firewall = WebFirewall(self.name, self._args.web_firewall, self.child())
        if self._args.shape is EdgeShape.DOMAIN:
            firewall.protect(self._balancer)
        return firewall

    def _create_balancer(self, access_logs: Any) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            self.name,
            load_balancer_type="application",
            internal=False,
            subnets=self._args.subnet_ids,
            security_groups=[self._args.security_group_id],
            idle_timeout=IDLE_TIMEOUT_SECONDS,
            drop_invalid_header_fields=True,
            # CloudFront has noted the user's address last; the load balancer would add CloudFront's after it.
            xff_header_processing_mode="preserve" if self._is_behind_cloudfront else None,
            access_logs=access_logs,
            enable_deletion_protection=self._args.protect,
            # Behind CloudFront nobody needs to know where the load balancer is.
            opts=self.child(additional_secret_outputs=["dnsName"] if self._is_behind_cloudfront else None),
        )

    def _create_listener(self) -> aws.lb.Listener:
        if self._args.domain is None or self._args.hosted_zone is None:
            return self._listen("http", 80, [not_found()])
        certificate = Certificate(
            self.name, domain=self._args.domain, hosted_zone=self._args.hosted_zone, opts=self.child()
        )
        self._zone_id = certificate.zone_id
        self.certificate_arn = certificate.arn
        self._listen("redirect", 80, [to_https()])
        return self._listen("https", 443, [not_found()], certificate_arn=certificate.arn, ssl_policy=TLS_POLICY)

    def _listen(self, suffix: str, port: int, actions: list[Any], **tls: Any) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self.name}-{suffix}",
            load_balancer_arn=self._balancer.arn,
            port=port,
            protocol="HTTPS" if tls else "HTTP",
            default_actions=actions,
            **tls,
            **(RESPONSE_HEADERS if tls else {}),
            opts=self.child(),
        )

    def _hide_operations(self) -> None:
        """Health and metrics are for the platform alone: every service has them, nobody outside needs them."""
        self._hiding = aws.lb.ListenerRule(
            f"{self.name}-hidden",
            listener_arn=self._listener.arn,
            priority=1,
            conditions=[{"path_pattern": {"values": list(_HIDDEN)}}],
            actions=[not_found()],
            opts=self.child(),
        )

    def _create_origin(self) -> pulumi.Output[str]:
        if self._args.shape is EdgeShape.LOCAL:
            return pulumi.Output.concat("http://", self._balancer.dns_name)
        if self._args.domain is not None:
            self._create_alias(self._args.domain)
            return pulumi.Output.concat("https://", self._args.domain)
        # Imported here alone: the package costs every run 130 ms, and most stacks have a domain.
        from components.distribution import Distribution  # noqa: PLC0415

        distribution = Distribution(
            self.name,
            origin=self._balancer.dns_name,
            headers={} if self._args.origin_key is None else {ORIGIN_KEY_HEADER: self._args.origin_key},
            web_acl_arn=None if self._firewall is None else self._firewall.arn,
            opts=self.child(),
        )
        return pulumi.Output.concat("https://", distribution.domain_name)

    def _create_alias(self, domain: str) -> None:
        aws.route53.Record(
            f"{self.name}-alias",
            zone_id=self._zone_id,
            name=domain,
            type="A",
            aliases=[
                {
                    "name": self._balancer.dns_name,
                    "zone_id": self._balancer.zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=self.child(),
        )

    def route(self, service: catalog.Service, target_group: aws.lb.TargetGroup) -> list[aws.lb.ListenerRule]:
        """Send the service's paths to its tasks: a rule for each."""
        patterns = [path for path, _ in catalog.edge_routes()]
        return [
            aws.lb.ListenerRule(
                f"{self.name}-{service.name}-{number}",
                listener_arn=self._listener.arn,
                priority=rule_priority(path, [other for other in patterns if len(other) == len(path)]),
                conditions=self._conditions(path),
                actions=[{"type": "forward", "target_group_arn": target_group.arn}],
                # Never public without the rule that hides health and metrics.
                opts=self.child(depends_on=[self._hiding]),
            )
            for number, path in enumerate(service.edge_paths)
        ]

    def _conditions(self, path: str) -> Any:
        named: list[Any] = [{"path_pattern": {"values": [path]}}]
        key = self._args.origin_key
        if key is None:
            return named
        asked = {"http_header": {"http_header_name": ORIGIN_KEY_HEADER, "values": [key]}}
        return pulumi.Output.secret([*named, asked])  # all of it, as the state keeps whole properties secret or none


def _web_firewall(config: StackConfig) -> WebFirewallArgs | None:
    if not config.web_firewall.enabled:
        return None
    from components.web_firewall import WebFirewallArgs  # noqa: PLC0415  (slow to import)

    return WebFirewallArgs.of(config)
