from django.db import migrations, models

# Receipts that are there know their fact, and by it what it was about.
KNOW = """
SELECT set_config('app.system_reason', 'migration: receipts know their aggregate', true);
UPDATE outbox_receipt receipt SET subject = event.subject, aggregate_version = event.aggregate_version
FROM outbox_outboxevent event
WHERE event.environment_id = receipt.environment_id AND event.event_id = receipt.event_id;
DELETE FROM outbox_receipt WHERE subject IS NULL;
SELECT set_config('app.system_reason', '', true);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0002_versions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='receipt',
            name='consumer',
            field=models.CharField(max_length=120),
        ),
        migrations.AddField(
            model_name='receipt',
            name='subject',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='receipt',
            name='aggregate_version',
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunSQL(KNOW, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='receipt',
            name='subject',
            field=models.CharField(max_length=40),
        ),
        migrations.AlterField(
            model_name='receipt',
            name='aggregate_version',
            field=models.BigIntegerField(),
        ),
        migrations.AddIndex(
            model_name='receipt',
            index=models.Index(fields=['environment', 'consumer', 'subject', 'aggregate_version'], name='outbox_receipt_last'),
        ),
    ]
