"""A certificate that proves itself by a record in the domain's own zone, and renews itself as long as that stands."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.component import Component


class Certificate(Component):
    """An issued ACM certificate for `domain`; `arn` is known only once it has been issued."""

    arn: pulumi.Output[str]
    zone_id: str

    def __init__(self, name: str, *, domain: str, hosted_zone: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.zone_id = aws.route53.get_zone(name=hosted_zone).zone_id
        certificate = aws.acm.Certificate(name, domain_name=domain, validation_method="DNS", opts=self.child())
        self.arn = self._validate(certificate)
        self.finish()

    def _validate(self, certificate: aws.acm.Certificate) -> pulumi.Output[str]:
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{self.name}-proof",
            zone_id=self.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            # A certificate that replaces this one is proved by the same record.
            allow_overwrite=True,
            opts=self.child(),
        )
        return aws.acm.CertificateValidation(
            self.name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=self.child(),
        ).certificate_arn
