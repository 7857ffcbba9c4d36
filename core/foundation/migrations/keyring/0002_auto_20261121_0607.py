from tortoise import migrations
from tortoise.migrations import operations as ops
from core.foundation.fields import UtcDatetimeField
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('keyring', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='KeyRenewal',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('kind', fields.CharField(max_length=12)),
                ('phase', fields.CharField(max_length=12)),
                ('target', fields.CharField(default='', max_length=16)),
                ('place', fields.CharField(default='', max_length=64)),
                ('cursor', fields.CharField(default='', max_length=160)),
                ('done', fields.BigIntField(default=0)),
                ('total', fields.BigIntField(default=0)),
                ('unopened', fields.BigIntField(default=0)),
                ('started_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('keys_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('finished_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'key_renewal', 'app': 'keyring', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='KeyringEdition',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('edition', fields.BigIntField(default=0)),
            ],
            options={'table': 'keyring_edition', 'app': 'keyring', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='erased_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='former',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='former_suite',
            field=fields.CharField(null=True, max_length=8),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='former_version',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='key_version',
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='locked_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='seals_former',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='WrappedKey',
            name='suite',
            field=fields.CharField(default='aes', db_default='aes', max_length=8),
        ),
    ]
