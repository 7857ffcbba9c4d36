from tortoise import migrations
from tortoise.migrations import operations as ops
from core.foundation.fields import UtcDatetimeField
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='WrappedKey',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('wrapped', fields.BinaryField()),
                ('kek_version', fields.CharField(max_length=16)),
                ('created_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wrapped_key', 'app': 'keyring', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
