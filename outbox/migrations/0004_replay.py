from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0003_inbox'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='outboxevent',
            options={'permissions': [('replay_outboxevent', 'Can replay facts')]},
        ),
    ]
