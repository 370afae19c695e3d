"""What AWS would answer while a stack is built under mocks: computed outputs by type, and results of functions."""

from __future__ import annotations

from typing import Any

REGION = "us-east-1"
ACCOUNT = "123456789012"


def computed(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs of a resource of the type token `kind`: its inputs, and what else the program reads."""
    package, module, class_name = kind.split(":")
    outputs = {
        "arn": f"arn:{package}:{module.partition('/')[0]}:{REGION}:{ACCOUNT}:{name}",
        "name": name,
        **_SPECIAL.get(class_name, {}),
    }
    repository = str(inputs.get("imageName", "")).rpartition(":")[0]
    filled = {
        key: value.format(name=name, repository=repository) if isinstance(value, str) else value
        for key, value in outputs.items()
    }
    return {**filled, **inputs}


_SPECIAL: dict[str, dict[str, Any]] = {
    "UserPool": {"endpoint": f"cognito-idp.{REGION}.amazonaws.com/{{name}}-id"},
    "UserPoolClient": {"clientSecret": "the-client-secret-of-{name}"},
    "Repository": {"repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{{name}}"},
    "Image": {"repoDigest": "{repository}@sha256:" + "0" * 64},
    "Instance": {
        "identifier": "{name}",
        "address": "{name}.aaaaaaaaaaaa.us-east-1.rds.amazonaws.com",
        "port": 5432,
        "endpoint": "{name}.aaaaaaaaaaaa.us-east-1.rds.amazonaws.com:5432",
        "masterUserSecrets": [{"secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!master"}],
    },
    "Cluster": {
        "endpoint": "{name}.cluster-aaaaaaaaaaaa.us-east-1.rds.amazonaws.com",
        "port": 5432,
        "engineVersion": "16.6",
        "masterUserSecrets": [{"secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!master"}],
    },
    "LoadBalancer": {
        "dnsName": "{name}-1234567890.US-EAST-1.elb.amazonaws.com",
        "arnSuffix": "app/{name}/0123",
        "zoneId": "Z35SXDOTRQ7X7K",
    },
    "TargetGroup": {"arnSuffix": "targetgroup/{name}/0123"},
    "Distribution": {"domainName": "d111111abcdef8.cloudfront.net"},
    "SecretVersion": {"versionId": "version-of-{name}"},
    "GeneratedSecret": {"version_id": "version-of-{name}"},
    "Certificate": {
        "domainValidationOptions": [
            {
                "domainName": "app.example.com",
                "resourceRecordName": "_proof.app.example.com",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_value.acm-validations.aws",
            }
        ]
    },
    "Record": {"fqdn": "{name}.example.com"},
}


def answer(token: str, args: dict[str, Any]) -> dict[str, Any]:
    """The result of the function `token`. Raises KeyError for one that the program is not known to call."""
    results: dict[str, dict[str, Any]] = {
        "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
        "aws:index/getAvailabilityZones:getAvailabilityZones": {
            "names": ["us-east-1-bos-1a", *(f"{REGION}{letter}" for letter in "abcd")]
        },
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
            "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
            "userName": "AWS",
            "password": "the-registry-password",
        },
        "aws:ec2/getManagedPrefixList:getManagedPrefixList": {
            "id": "pl-63a5400a" if str(args.get("name", "")).endswith(".s3") else "pl-3b927c52"
        },
        "aws:route53/getZone:getZone": {"zoneId": "Z0123456789", "name": args.get("name")},
    }
    return results[token]
