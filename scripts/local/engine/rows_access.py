"""Roles and their policies."""

from __future__ import annotations

from scripts.local.engine.rows import Row

ROWS = {
    "aws:iam/role:Role": Row(
        create="iam.create_role",
        id="Role.RoleName",
        outputs_from="Role",
        outputs={"arn": "Role.Arn", "name": "Role.RoleName", "uniqueId": "Role.RoleId"},
        name="RoleName",
        rename={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        elsewhere=frozenset({"forceDetachPolicies"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Row(
        create="iam.put_role_policy",
        name="PolicyName",
        rename={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    ),
}
