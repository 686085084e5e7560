import core.ids
import core.tenancy.scopes
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from core.tenancy.operations import AppendOnly, Fence
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_money'),
        ('billing', '0001_initial'),
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='BillingSettings',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('company_name', models.CharField(blank=True, default='', max_length=200)),
                ('address', models.JSONField(blank=True, default=dict)),
                ('country', models.CharField(blank=True, default='', help_text='ISO 3166, where the company is taxed.', max_length=2)),
                ('tax_ids', models.JSONField(blank=True, default=list)),
                ('logo', models.CharField(blank=True, default='', help_text='Path in the document storage.', max_length=300)),
                ('notes', models.CharField(blank=True, default='', max_length=2000)),
                ('footer', models.CharField(blank=True, default='', max_length=500)),
                ('payment_url', models.CharField(blank=True, default='', help_text='Printed as payment link; {invoice} is replaced by its id.', max_length=500)),
                ('locale', models.CharField(default='en', max_length=20)),
                ('tax_behavior', models.CharField(choices=[('exclusive', 'Exclusive'), ('inclusive', 'Inclusive')], default='exclusive', max_length=9)),
                ('terms_days', models.PositiveSmallIntegerField(default=0)),
                ('grace_hours', models.PositiveSmallIntegerField(default=0, help_text='How long an invoice that bills usage waits as a draft for late events.')),
                ('sends_invoices', models.BooleanField(default=False)),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'billing settings',
                'constraints': [
                    models.UniqueConstraint(fields=('environment',), name='billing_settings_once'),
                    models.CheckConstraint(condition=models.Q(('tax_behavior__in', ('exclusive', 'inclusive'))), name='billing_settings_tax_behavior'),
                    models.CheckConstraint(condition=models.Q(('terms_days__lte', 365)), name='billing_settings_terms'),
                    models.CheckConstraint(condition=models.Q(('grace_hours__lte', 720)), name='billing_settings_grace'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Coupon',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=200)),
                ('percent', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True)),
                ('amount_minor', models.BigIntegerField(blank=True, null=True)),
                ('currency', models.CharField(blank=True, max_length=3, null=True)),
                ('duration', models.CharField(choices=[('once', 'Once'), ('repeating', 'Repeating'), ('forever', 'Forever')], default='once', max_length=9)),
                ('cycles', models.PositiveIntegerField(blank=True, null=True)),
                ('applies_until', models.DateTimeField(blank=True, null=True)),
                ('redeem_by', models.DateTimeField(blank=True, null=True)),
                ('max_redemptions', models.PositiveIntegerField(blank=True, null=True)),
                ('max_per_customer', models.PositiveIntegerField(blank=True, null=True)),
                ('plans', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('prices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('redeemed', models.PositiveIntegerField(default=0)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'permissions': [('archive_coupon', 'Can archive a coupon')],
                'constraints': [
                    models.UniqueConstraint(fields=('environment', 'code'), name='billing_coupon_code_once'),
                    models.CheckConstraint(condition=models.Q(('code', django.db.models.functions.text.Upper('code')), models.Q(('code', ''), _negated=True)), name='billing_coupon_code_is_upper_case'),
                    models.CheckConstraint(condition=models.Q(models.Q(('amount_minor', None), ('currency', None), ('percent__gt', 0), ('percent__lte', 100)), models.Q(('amount_minor__gt', 0), ('currency__regex', '^[A-Z]{3}$'), ('percent', None)), _connector='OR'), name='billing_coupon_percent_or_amount'),
                    models.CheckConstraint(condition=models.Q(models.Q(('cycles__gte', 1), ('duration', 'repeating')), models.Q(models.Q(('duration', 'repeating'), _negated=True), ('cycles', None)), _connector='OR'), name='billing_coupon_repeating_has_cycles'),
                    models.CheckConstraint(condition=models.Q(('duration__in', ('once', 'repeating', 'forever'))), name='billing_coupon_known_duration'),
                    models.CheckConstraint(condition=models.Q(('max_redemptions', None), models.Q(('max_redemptions__gte', 1), ('redeemed__lte', models.F('max_redemptions'))), _connector='OR'), name='billing_coupon_within_its_limit'),
                    models.CheckConstraint(condition=models.Q(('max_per_customer', None), ('max_per_customer__gte', 1), _connector='OR'), name='billing_coupon_per_customer_limit'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CouponRedemption',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('reference', models.CharField(max_length=64)),
                ('cycles_used', models.PositiveIntegerField(default=0)),
                ('redeemed_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='CreditNote',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('key', models.CharField(help_text='Whoever issues it twice under one key gets the first.', max_length=200)),
                ('sequence', models.BigIntegerField()),
                ('number', models.CharField(max_length=60)),
                ('currency', models.CharField(max_length=3)),
                ('reason', models.CharField(choices=[('duplicate', 'Duplicate'), ('fraudulent', 'Fraudulent'), ('order_change', 'Order Change'), ('unsatisfactory', 'Unsatisfactory'), ('goodwill', 'Goodwill'), ('other', 'Other')], max_length=14)),
                ('memo', models.CharField(blank=True, default='', max_length=500)),
                ('subtotal_minor', models.BigIntegerField(help_text='Without tax.')),
                ('tax_minor', models.BigIntegerField()),
                ('total_minor', models.BigIntegerField()),
                ('due_minor', models.BigIntegerField(default=0)),
                ('refund_minor', models.BigIntegerField(default=0)),
                ('wallet_minor', models.BigIntegerField(default=0)),
                ('out_of_band_minor', models.BigIntegerField(default=0)),
                ('issuer_snapshot', models.JSONField(default=dict)),
                ('customer_snapshot', models.JSONField(default=dict)),
                ('issued_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CreditNoteLine',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('position', models.PositiveIntegerField()),
                ('description', models.CharField(max_length=500)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField(help_text='Without tax.')),
                ('tax_minor', models.BigIntegerField()),
                ('total_minor', models.BigIntegerField()),
                ('taxes', models.JSONField(default=list)),
            ],
            options={
                'ordering': ('position',),
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('receipt', 'Receipt'), ('credit_note', 'Credit Note')], max_length=11)),
                ('locale', models.CharField(max_length=20)),
                ('path', models.CharField(max_length=300)),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceDiscount',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('position', models.PositiveIntegerField()),
                ('description', models.CharField(max_length=300)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
            ],
            options={
                'ordering': ('position',),
            },
        ),
        migrations.CreateModel(
            name='InvoiceTax',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('position', models.PositiveIntegerField()),
                ('code', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=100)),
                ('country', models.CharField(blank=True, default='', max_length=2)),
                ('percentage', models.DecimalField(decimal_places=6, max_digits=9)),
                ('is_reverse_charge', models.BooleanField(default=False)),
                ('base_minor', models.BigIntegerField()),
                ('tax_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
            ],
            options={
                'ordering': ('position',),
            },
        ),
        migrations.CreateModel(
            name='PendingLine',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('reference', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=200)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('content', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('taken_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('code', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=100)),
                ('percentage', models.DecimalField(decimal_places=6, max_digits=9)),
                ('country', models.CharField(blank=True, default='', max_length=2)),
                ('region', models.CharField(blank=True, default='', max_length=100)),
                ('tax_code', models.CharField(blank=True, default='', max_length=40)),
                ('starts_at', models.DateTimeField(blank=True, null=True)),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'permissions': [('archive_taxrate', 'Can archive a tax rate')],
                'constraints': [
                    models.UniqueConstraint(fields=('environment', 'code'), name='billing_taxrate_code_once'),
                    models.CheckConstraint(condition=models.Q(('code__in', ('', 'reverse_charge')), _negated=True), name='billing_taxrate_code_is_not_reserved'),
                    models.CheckConstraint(condition=models.Q(('percentage__gte', 0), ('percentage__lte', 100)), name='billing_taxrate_percentage'),
                    models.CheckConstraint(condition=models.Q(('country', ''), ('country__regex', '^[A-Z]{2}$'), _connector='OR'), name='billing_taxrate_country'),
                    models.CheckConstraint(condition=models.Q(('region', ''), models.Q(('country', ''), _negated=True), _connector='OR'), name='billing_taxrate_region_in_country'),
                    models.CheckConstraint(condition=models.Q(('starts_at', None), ('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='billing_taxrate_goes_forward'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('currency', models.CharField(max_length=3)),
                ('balance_minor', models.BigIntegerField(default=0)),
                ('top_up_below_minor', models.BigIntegerField(blank=True, null=True)),
                ('top_up_minor', models.BigIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'permissions': [('grant_wallet', 'Can give a wallet promotional value'), ('debit_wallet', 'Can take value from a wallet'), ('top_up_wallet', 'Can have a wallet topped up')],
            },
        ),
        migrations.CreateModel(
            name='WalletFunding',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('amount_minor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='WalletLot',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('source', models.CharField(choices=[('top_up', 'Top Up'), ('promotion', 'Promotion'), ('credit_note', 'Credit Note'), ('overpayment', 'Overpayment')], max_length=11)),
                ('is_promotional', models.BooleanField(default=False)),
                ('priority', models.PositiveSmallIntegerField(default=50)),
                ('amount_minor', models.BigIntegerField()),
                ('left_minor', models.BigIntegerField()),
                ('effective_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('description', models.CharField(blank=True, default='', max_length=300)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='WalletTransaction',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('kind', models.CharField(choices=[('grant', 'Grant'), ('burn', 'Burn'), ('reversal', 'Reversal'), ('expiry', 'Expiry')], max_length=8)),
                ('amount_minor', models.BigIntegerField()),
                ('balance_minor', models.BigIntegerField(help_text="The wallet's balance after it.")),
                ('currency', models.CharField(max_length=3)),
                ('key', models.CharField(max_length=200)),
                ('description', models.CharField(blank=True, default='', max_length=300)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'permissions': [('reverse_wallettransaction', 'Can reverse a debit')],
            },
        ),
        migrations.AlterModelOptions(
            name='invoice',
            options={'permissions': [('pay_invoice', 'Can have an invoice paid'), ('void_invoice', 'Can void an invoice'), ('finalize_invoice', 'Can finalize a draft'), ('write_off_invoice', 'Can give up on an invoice'), ('credit_invoice', 'Can issue a credit note'), ('send_invoice', 'Can send an invoice')]},
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='invoice',
            name='frozen_when_final',
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='billing_account_code',
        ),
        migrations.RemoveConstraint(
            model_name='invoice',
            name='billing_invoice_not_negative',
        ),
        migrations.RemoveConstraint(
            model_name='invoice',
            name='billing_invoice_due',
        ),
        migrations.AddField(
            model_name='invoice',
            name='collects',
            field=models.BooleanField(default=False, help_text='Whether what is due is collected at finalization.'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='credit_applied_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='invoice',
            name='credited_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='invoice',
            name='finalizes_at',
            field=models.DateTimeField(help_text='When a draft in its grace period is finalized.', null=True),
        ),
        migrations.AddField(
            model_name='invoice',
            name='notes',
            field=models.CharField(blank=True, default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='invoice',
            name='terms_days',
            field=models.PositiveSmallIntegerField(default=0, help_text='Days from issue to due date; 0 is on receipt.'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='wallet_applied_minor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='basis',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='plan',
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='steps',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='tax_code',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='taxes',
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name='account',
            name='code',
            field=models.CharField(choices=[('receivable', 'Receivable'), ('cash', 'Cash'), ('revenue', 'Revenue'), ('tax_payable', 'Tax Payable'), ('wallet_liability', 'Wallet Liability'), ('gift_liability', 'Gift Liability'), ('refunds', 'Refunds'), ('write_offs', 'Write Offs'), ('promotions', 'Promotions')], max_length=20),
        ),
        migrations.AlterField(
            model_name='invoiceline',
            name='kind',
            field=models.CharField(choices=[('fixed', 'Fixed'), ('usage', 'Usage'), ('proration', 'Proration'), ('addon', 'Addon'), ('one_off', 'One Off'), ('top_up', 'Top Up'), ('gift', 'Gift')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('finalizes_at__isnull', False), ('state', 'draft')), fields=['environment', 'finalizes_at'], name='billing_invoice_in_grace'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoice',
            trigger=pgtrigger.compiler.Trigger(name='frozen_when_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN ((NOT (OLD."state" = \'draft\')) AND ((OLD."collects" IS DISTINCT FROM (NEW."collects") OR OLD."counter_id" IS DISTINCT FROM (NEW."counter_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."credit_applied_minor" IS DISTINCT FROM (NEW."credit_applied_minor") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."customer_snapshot" IS DISTINCT FROM (NEW."customer_snapshot") OR OLD."discount_minor" IS DISTINCT FROM (NEW."discount_minor") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."environment_id" IS DISTINCT FROM (NEW."environment_id") OR OLD."finalizes_at" IS DISTINCT FROM (NEW."finalizes_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."issued_at" IS DISTINCT FROM (NEW."issued_at") OR OLD."issuer_snapshot" IS DISTINCT FROM (NEW."issuer_snapshot") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."notes" IS DISTINCT FROM (NEW."notes") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."period_ends_at" IS DISTINCT FROM (NEW."period_ends_at") OR OLD."period_starts_at" IS DISTINCT FROM (NEW."period_starts_at") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."sequence" IS DISTINCT FROM (NEW."sequence") OR OLD."subtotal_minor" IS DISTINCT FROM (NEW."subtotal_minor") OR OLD."tax_behavior" IS DISTINCT FROM (NEW."tax_behavior") OR OLD."tax_minor" IS DISTINCT FROM (NEW."tax_minor") OR OLD."terms_days" IS DISTINCT FROM (NEW."terms_days") OR OLD."total_minor" IS DISTINCT FROM (NEW."total_minor") OR OLD."wallet_applied_minor" IS DISTINCT FROM (NEW."wallet_applied_minor"))))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e70ad928a6cca1a63929c7bfd729fda70b601644', operation='UPDATE', pgid='pgtrigger_frozen_when_final_9206b', table='billing_invoice', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('code__in', ['receivable', 'cash', 'revenue', 'tax_payable', 'wallet_liability', 'gift_liability', 'refunds', 'write_offs', 'promotions'])), name='billing_account_code'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('credit_applied_minor__gte', 0), ('credited_minor__gte', 0), ('discount_minor__gte', 0), ('due_minor__gte', 0), ('paid_minor__gte', 0), ('refunded_minor__gte', 0), ('subtotal_minor__gte', 0), ('tax_minor__gte', 0), ('total_minor__gte', 0), ('wallet_applied_minor__gte', 0)), name='billing_invoice_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_minor', 0), ('state', 'void')), models.Q(models.Q(('state', 'void'), _negated=True), ('due_minor', django.db.models.functions.comparison.Greatest(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('total_minor'), '-', models.F('credit_applied_minor')), '-', models.F('wallet_applied_minor')), '-', models.F('credited_minor')), '-', models.F('paid_minor')), 0))), _connector='OR'), name='billing_invoice_due'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('total_minor__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('credit_applied_minor'), '+', models.F('wallet_applied_minor')), '+', models.F('credited_minor')))), name='billing_invoice_settled_within_total'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'draft'), _negated=True), models.Q(('credit_applied_minor', 0), ('credited_minor', 0), ('wallet_applied_minor', 0)), _connector='OR'), name='billing_invoice_draft_uses_no_credit'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'draft'), ('finalizes_at', None), _connector='OR'), name='billing_invoice_grace_is_for_drafts'),
        ),
        migrations.AddField(
            model_name='couponredemption',
            name='coupon',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='billing.coupon'),
        ),
        migrations.AddField(
            model_name='couponredemption',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer'),
        ),
        migrations.AddField(
            model_name='creditnote',
            name='counter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.numbercounter'),
        ),
        migrations.AddField(
            model_name='creditnote',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer'),
        ),
        migrations.AddField(
            model_name='creditnote',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='creditnoteline',
            name='credit_note',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.creditnote'),
        ),
        migrations.AddField(
            model_name='creditnoteline',
            name='invoice_line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='billing.invoiceline'),
        ),
        migrations.AddField(
            model_name='document',
            name='credit_note',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.creditnote'),
        ),
        migrations.AddField(
            model_name='document',
            name='invoice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='invoicediscount',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discounts', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='invoicediscount',
            name='redemption',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='discounts', to='billing.couponredemption'),
        ),
        migrations.AddField(
            model_name='invoicetax',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='taxes', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='pendingline',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer'),
        ),
        migrations.AddField(
            model_name='pendingline',
            name='invoice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='taken_up', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='wallet',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer'),
        ),
        migrations.AddField(
            model_name='walletlot',
            name='credit_note',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.creditnote'),
        ),
        migrations.AddField(
            model_name='walletlot',
            name='invoice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='walletlot',
            name='wallet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='billing.wallet'),
        ),
        migrations.AddField(
            model_name='walletfunding',
            name='lot',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fundings', to='billing.walletlot'),
        ),
        migrations.AddField(
            model_name='wallettransaction',
            name='invoice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='wallet_transactions', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='wallettransaction',
            name='reverses',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='billing.wallettransaction'),
        ),
        migrations.AddField(
            model_name='wallettransaction',
            name='wallet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transactions', to='billing.wallet'),
        ),
        migrations.AddField(
            model_name='walletfunding',
            name='transaction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fundings', to='billing.wallettransaction'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='coupon',
            trigger=pgtrigger.compiler.Trigger(name='promised', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount_minor" IS DISTINCT FROM (NEW."amount_minor") OR OLD."applies_until" IS DISTINCT FROM (NEW."applies_until") OR OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."cycles" IS DISTINCT FROM (NEW."cycles") OR OLD."duration" IS DISTINCT FROM (NEW."duration") OR OLD."environment_id" IS DISTINCT FROM (NEW."environment_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."percent" IS DISTINCT FROM (NEW."percent") OR OLD."plans" IS DISTINCT FROM (NEW."plans") OR OLD."prices" IS DISTINCT FROM (NEW."prices"))', func="\nIF EXISTS (SELECT 1 FROM billing_couponredemption r WHERE r.coupon_id = OLD.id) THEN\n  RAISE EXCEPTION 'what a redeemed coupon promises does not change' USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NEW;\n", hash='424b12ec1953dc1ee930c7efa3abe757250270bb', operation='UPDATE', pgid='pgtrigger_promised_480a9', table='billing_coupon', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='couponredemption',
            index=models.Index(fields=['environment', 'reference'], name='billing_redemption_about'),
        ),
        migrations.AddIndex(
            model_name='couponredemption',
            index=models.Index(fields=['environment', 'customer', 'coupon'], name='billing_redemption_of_customer'),
        ),
        migrations.AddConstraint(
            model_name='couponredemption',
            constraint=models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('environment', 'coupon', 'reference'), name='billing_redemption_once_per_reference'),
        ),
        migrations.AddConstraint(
            model_name='couponredemption',
            constraint=models.CheckConstraint(condition=models.Q(('released_at', None), ('cycles_used', 0), _connector='OR'), name='billing_redemption_released_unused'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='couponredemption',
            trigger=pgtrigger.compiler.Trigger(name='same_holder', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."coupon_id" IS DISTINCT FROM (NEW."coupon_id") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."environment_id" IS DISTINCT FROM (NEW."environment_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."redeemed_at" IS DISTINCT FROM (NEW."redeemed_at") OR OLD."reference" IS DISTINCT FROM (NEW."reference"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='adcdf539b8b6c9c8dc9ba1baf7701cf1aeb7f16b', operation='UPDATE', pgid='pgtrigger_same_holder_ef244', table='billing_couponredemption', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='couponredemption',
            trigger=pgtrigger.compiler.Trigger(name='released_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."released_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='3f03f9d3cd9b7e4cd18cf0d76530d1b74a4baf37', operation='UPDATE', pgid='pgtrigger_released_for_good_be52a', table='billing_couponredemption', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='couponredemption',
            trigger=pgtrigger.compiler.Trigger(name='redemption_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='8496879120daa9bf38e9837522a9347cae781d23', operation='DELETE', pgid='pgtrigger_redemption_kept_9184d', table='billing_couponredemption', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='creditnote',
            index=models.Index(fields=['environment', 'customer', '-id'], name='billing_creditnote_of_customer'),
        ),
        migrations.AddIndex(
            model_name='creditnote',
            index=models.Index(fields=['environment', 'invoice', '-id'], name='billing_creditnote_of_invoice'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.UniqueConstraint(fields=('environment', 'key'), name='billing_creditnote_once_per_key'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.UniqueConstraint(fields=('environment', 'number'), name='billing_creditnote_number'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.UniqueConstraint(fields=('environment', 'counter', 'sequence'), name='billing_creditnote_sequence'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.CheckConstraint(condition=models.Q(('total_minor', django.db.models.expressions.CombinedExpression(models.F('subtotal_minor'), '+', models.F('tax_minor'))), ('total_minor__gt', 0)), name='billing_creditnote_total'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.CheckConstraint(condition=models.Q(('due_minor__gte', 0), ('out_of_band_minor__gte', 0), ('refund_minor__gte', 0), ('wallet_minor__gte', 0), ('total_minor', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('due_minor'), '+', models.F('refund_minor')), '+', models.F('wallet_minor')), '+', models.F('out_of_band_minor')))), name='billing_creditnote_went_somewhere'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.CheckConstraint(condition=models.Q(('sequence__gte', 1)), name='billing_creditnote_numbered_from_one'),
        ),
        migrations.AddConstraint(
            model_name='creditnote',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ('duplicate', 'fraudulent', 'order_change', 'unsatisfactory', 'goodwill', 'other'))), name='billing_creditnote_known_reason'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='creditnote',
            trigger=pgtrigger.compiler.Trigger(name='of_final_invoice', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE invoice record; credited numeric;', func="\nSELECT i.state, i.customer_id, i.currency, i.total_minor INTO invoice\n  FROM billing_invoice i WHERE i.id = NEW.invoice_id FOR NO KEY UPDATE;\nIF invoice.state IS NULL OR invoice.state IN ('draft', 'void')\n   OR invoice.customer_id <> NEW.customer_id OR invoice.currency <> NEW.currency THEN\n  RAISE EXCEPTION 'a credit note is about a finalized invoice of its customer, in its currency'\n    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_of_final_invoice';\nEND IF;\nSELECT COALESCE(sum(n.total_minor), 0) INTO credited FROM billing_creditnote n WHERE n.invoice_id = NEW.invoice_id;\nIF credited + NEW.total_minor > invoice.total_minor THEN\n  RAISE EXCEPTION 'the credit notes of an invoice exceed its total'\n    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_within_invoice';\nEND IF;\nRETURN NEW;\n", hash='f61b32fab14a193a0022cf11d13b446ea2ed0940', operation='INSERT', pgid='pgtrigger_of_final_invoice_4aacb', table='billing_creditnote', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='creditnote',
            trigger=pgtrigger.compiler.Trigger(name='sums', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT n.subtotal_minor <> sums.net OR n.tax_minor <> sums.tax OR n.total_minor <> sums.total\n       OR i.credited_minor <> (SELECT sum(o.due_minor) FROM billing_creditnote o WHERE o.invoice_id = i.id)\n  INTO wrong\n  FROM billing_creditnote n JOIN billing_invoice i ON i.id = n.invoice_id,\n       (SELECT COALESCE(sum(c.amount_minor), 0) AS net, COALESCE(sum(c.tax_minor), 0) AS tax,\n               COALESCE(sum(c.total_minor), 0) AS total\n          FROM billing_creditnoteline c WHERE c.credit_note_id = NEW.id) sums\n  WHERE n.id = NEW.id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'credit note % is not what its lines make, or its invoice does not count it', NEW.id\n    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_sums';\nEND IF;\nRETURN NULL;\n", hash='d35fc6a74329323458a5b47ce2885f84a581abfe', operation='INSERT', pgid='pgtrigger_sums_8d58d', table='billing_creditnote', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='creditnoteline',
            constraint=models.UniqueConstraint(fields=('environment', 'credit_note', 'position'), name='billing_creditnoteline_position'),
        ),
        migrations.AddConstraint(
            model_name='creditnoteline',
            constraint=models.UniqueConstraint(fields=('environment', 'credit_note', 'invoice_line'), name='billing_creditnoteline_once_per_line'),
        ),
        migrations.AddConstraint(
            model_name='creditnoteline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('total_minor', 0), _negated=True), ('total_minor', django.db.models.expressions.CombinedExpression(models.F('amount_minor'), '+', models.F('tax_minor')))), name='billing_creditnoteline_total'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='creditnoteline',
            trigger=pgtrigger.compiler.Trigger(name='within_line', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE about uuid; whole record; credited record;', func="\nSELECT n.invoice_id INTO about FROM billing_creditnote n WHERE n.id = NEW.credit_note_id;\nPERFORM 1 FROM billing_invoice i WHERE i.id = about FOR NO KEY UPDATE;\nSELECT l.currency, l.total_minor - l.tax_minor AS net, l.tax_minor AS tax, l.total_minor AS total INTO whole\n  FROM billing_invoiceline l WHERE l.id = NEW.invoice_line_id AND l.invoice_id = about;\nIF whole.currency IS NULL OR whole.currency <> NEW.currency THEN\n  RAISE EXCEPTION 'a credit note takes back lines of its own invoice'\n    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnoteline_of_its_invoice';\nEND IF;\nSELECT COALESCE(sum(c.amount_minor), 0) + NEW.amount_minor AS net,\n       COALESCE(sum(c.tax_minor), 0) + NEW.tax_minor AS tax,\n       COALESCE(sum(c.total_minor), 0) + NEW.total_minor AS total INTO credited\n  FROM billing_creditnoteline c WHERE c.invoice_line_id = NEW.invoice_line_id;\nIF credited.net NOT BETWEEN LEAST(0, whole.net) AND GREATEST(0, whole.net)\n   OR credited.tax NOT BETWEEN LEAST(0, whole.tax) AND GREATEST(0, whole.tax)\n   OR credited.total NOT BETWEEN LEAST(0, whole.total) AND GREATEST(0, whole.total) THEN\n  RAISE EXCEPTION 'the credit notes of a line exceed it'\n    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnoteline_within_line';\nEND IF;\nRETURN NEW;\n", hash='638fd29f2bcdfd5c745f5985bef87e02d6d3c035', operation='INSERT', pgid='pgtrigger_within_line_20067', table='billing_creditnoteline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='creditnoteline',
            trigger=pgtrigger.compiler.Trigger(name='sums', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT n.subtotal_minor <> sums.net OR n.tax_minor <> sums.tax OR n.total_minor <> sums.total\n       OR i.credited_minor <> (SELECT sum(o.due_minor) FROM billing_creditnote o WHERE o.invoice_id = i.id)\n  INTO wrong\n  FROM billing_creditnote n JOIN billing_invoice i ON i.id = n.invoice_id,\n       (SELECT COALESCE(sum(c.amount_minor), 0) AS net, COALESCE(sum(c.tax_minor), 0) AS tax,\n               COALESCE(sum(c.total_minor), 0) AS total\n          FROM billing_creditnoteline c WHERE c.credit_note_id = NEW.credit_note_id) sums\n  WHERE n.id = NEW.credit_note_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'credit note % is not what its lines make, or its invoice does not count it', NEW.credit_note_id\n    USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_creditnote_sums';\nEND IF;\nRETURN NULL;\n", hash='3d77fd8ecae84c3466c45d0fd4f6626f17567764', operation='INSERT', pgid='pgtrigger_sums_6dea0', table='billing_creditnoteline', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(condition=models.Q(('invoice__isnull', False)), fields=('environment', 'kind', 'invoice', 'locale'), name='billing_document_of_invoice_once'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(condition=models.Q(('credit_note__isnull', False)), fields=('environment', 'credit_note', 'locale'), name='billing_document_of_credit_note_once'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credit_note', None), ('invoice__isnull', False), ('kind__in', ('invoice', 'receipt'))), models.Q(('credit_note__isnull', False), ('invoice', None), ('kind', 'credit_note')), _connector='OR'), name='billing_document_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='invoicediscount',
            constraint=models.UniqueConstraint(fields=('environment', 'invoice', 'position'), name='billing_invoicediscount_position'),
        ),
        migrations.AddConstraint(
            model_name='invoicediscount',
            constraint=models.UniqueConstraint(fields=('environment', 'invoice', 'redemption'), name='billing_invoicediscount_once'),
        ),
        migrations.AddConstraint(
            model_name='invoicediscount',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='billing_invoicediscount_not_negative'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoicediscount',
            trigger=pgtrigger.compiler.Trigger(name='only_in_drafts', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE invoice_state text;', func="\nIF TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id THEN\n  RAISE EXCEPTION 'a line stays on its invoice' USING ERRCODE = 'check_violation';\nEND IF;\nSELECT i.state INTO invoice_state FROM billing_invoice i\n  WHERE i.id = (CASE WHEN TG_OP = 'DELETE' THEN OLD.invoice_id ELSE NEW.invoice_id END) FOR SHARE;\nIF invoice_state IS DISTINCT FROM 'draft' THEN\n  RAISE EXCEPTION 'the lines of a finalized invoice do not change' USING ERRCODE = 'check_violation';\nEND IF;\nIF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\nRETURN NEW;\n", hash='066f298d2d01f06731d1a15ffedf44fe2c784ee5', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_only_in_drafts_8d343', table='billing_invoicediscount', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='invoicetax',
            constraint=models.UniqueConstraint(fields=('environment', 'invoice', 'position'), name='billing_invoicetax_position'),
        ),
        migrations.AddConstraint(
            model_name='invoicetax',
            constraint=models.UniqueConstraint(fields=('environment', 'invoice', 'code'), name='billing_invoicetax_code_once'),
        ),
        migrations.AddConstraint(
            model_name='invoicetax',
            constraint=models.CheckConstraint(condition=models.Q(('is_reverse_charge', False), ('tax_minor', 0), _connector='OR'), name='billing_invoicetax_reverse_is_nothing'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoicetax',
            trigger=pgtrigger.compiler.Trigger(name='only_in_drafts', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE invoice_state text;', func="\nIF TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id THEN\n  RAISE EXCEPTION 'a line stays on its invoice' USING ERRCODE = 'check_violation';\nEND IF;\nSELECT i.state INTO invoice_state FROM billing_invoice i\n  WHERE i.id = (CASE WHEN TG_OP = 'DELETE' THEN OLD.invoice_id ELSE NEW.invoice_id END) FOR SHARE;\nIF invoice_state IS DISTINCT FROM 'draft' THEN\n  RAISE EXCEPTION 'the lines of a finalized invoice do not change' USING ERRCODE = 'check_violation';\nEND IF;\nIF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\nRETURN NEW;\n", hash='80c44db04e3ed5377d2903dd5f1adcb734daffe8', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_only_in_drafts_4560d', table='billing_invoicetax', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='pendingline',
            index=models.Index(condition=models.Q(('invoice', None)), fields=['environment', 'reference'], name='billing_pendingline_waiting'),
        ),
        migrations.AddConstraint(
            model_name='pendingline',
            constraint=models.UniqueConstraint(fields=('environment', 'key'), name='billing_pendingline_once_per_key'),
        ),
        migrations.AddConstraint(
            model_name='pendingline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('invoice', None), ('taken_at', None)), models.Q(('invoice__isnull', False), ('taken_at__isnull', False)), _connector='OR'), name='billing_pendingline_taken_is_stamped'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='taxrate',
            trigger=pgtrigger.compiler.Trigger(name='says_the_same', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."environment_id" IS DISTINCT FROM (NEW."environment_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."percentage" IS DISTINCT FROM (NEW."percentage") OR OLD."region" IS DISTINCT FROM (NEW."region") OR OLD."starts_at" IS DISTINCT FROM (NEW."starts_at") OR OLD."tax_code" IS DISTINCT FROM (NEW."tax_code"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='9490229f024a93a3d379e1ed28d00a5bfcf3c683', operation='UPDATE', pgid='pgtrigger_says_the_same_24615', table='billing_taxrate', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.UniqueConstraint(fields=('environment', 'customer', 'currency'), name='billing_wallet_once'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(('balance_minor__gte', 0)), name='billing_wallet_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='wallet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('top_up_below_minor', None), ('top_up_minor', None)), models.Q(('top_up_below_minor__gte', 0), ('top_up_minor__gt', 0)), _connector='OR'), name='billing_wallet_top_up_rule'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallet',
            trigger=pgtrigger.compiler.Trigger(name='balance_is_lots', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT w.balance_minor <> COALESCE(\n    (SELECT sum(l.left_minor) FROM billing_walletlot l WHERE l.wallet_id = w.id), 0) INTO wrong\n  FROM billing_wallet w WHERE w.id = NEW.id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet of % does not hold what its lots have left', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_balance_is_lots';\nEND IF;\nRETURN NULL;\n", hash='6e8e410d36ee9ada907d920933d84e3f25729281', operation='INSERT OR UPDATE', pgid='pgtrigger_balance_is_lots_bea31', table='billing_wallet', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallet',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."environment_id" IS DISTINCT FROM (NEW."environment_id") OR OLD."id" IS DISTINCT FROM (NEW."id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='6f99101ec22b56973f64afe395d4327d331119b6', operation='UPDATE', pgid='pgtrigger_frozen_e6303', table='billing_wallet', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallet',
            trigger=pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='ded527a519876c187f6d98271e00805aada843cb', operation='DELETE', pgid='pgtrigger_kept_54763', table='billing_wallet', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='walletlot',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('left_minor__gt', 0)), fields=['environment', 'expires_at'], name='billing_walletlot_expiring'),
        ),
        migrations.AddIndex(
            model_name='walletlot',
            index=models.Index(condition=models.Q(('left_minor__gt', 0)), fields=['environment', 'wallet'], name='billing_walletlot_left'),
        ),
        migrations.AddConstraint(
            model_name='walletlot',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('left_minor__gte', 0), ('left_minor__lte', models.F('amount_minor'))), name='billing_walletlot_left_within_amount'),
        ),
        migrations.AddConstraint(
            model_name='walletlot',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at', None), ('expires_at__gt', models.F('effective_at')), _connector='OR'), name='billing_walletlot_forward'),
        ),
        migrations.AddConstraint(
            model_name='walletlot',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ('top_up', 'promotion', 'credit_note', 'overpayment'))), name='billing_walletlot_known_source'),
        ),
        migrations.AddConstraint(
            model_name='walletlot',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('is_promotional', True), ('source', 'promotion')), models.Q(('is_promotional', False), models.Q(('source', 'promotion'), _negated=True)), _connector='OR'), name='billing_walletlot_promotions_are_promotional'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletlot',
            trigger=pgtrigger.compiler.Trigger(name='balance_is_lots', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT w.balance_minor <> COALESCE(\n    (SELECT sum(l.left_minor) FROM billing_walletlot l WHERE l.wallet_id = w.id), 0) INTO wrong\n  FROM billing_wallet w WHERE w.id = NEW.wallet_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet of % does not hold what its lots have left', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_balance_is_lots';\nEND IF;\nRETURN NULL;\n", hash='e9897b1ac985554666720478f7b47a826f4b2c90', operation='INSERT OR UPDATE', pgid='pgtrigger_balance_is_lots_c5fe9', table='billing_walletlot', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletlot',
            trigger=pgtrigger.compiler.Trigger(name='left_is_funded', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT l.left_minor <> COALESCE(\n    (SELECT sum(f.amount_minor) FROM billing_walletfunding f WHERE f.lot_id = l.id), 0) INTO wrong\n  FROM billing_walletlot l WHERE l.id = NEW.id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'lot of % does not have left what its fundings say', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_left_is_funded';\nEND IF;\nRETURN NULL;\n", hash='5e58564c82a7ad39d29dc2c42fe733701025c8da', operation='INSERT OR UPDATE', pgid='pgtrigger_left_is_funded_26ca7', table='billing_walletlot', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletlot',
            trigger=pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."amount_minor" IS DISTINCT FROM (NEW."amount_minor") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."credit_note_id" IS DISTINCT FROM (NEW."credit_note_id") OR OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."effective_at" IS DISTINCT FROM (NEW."effective_at") OR OLD."environment_id" IS DISTINCT FROM (NEW."environment_id") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."invoice_id" IS DISTINCT FROM (NEW."invoice_id") OR OLD."is_promotional" IS DISTINCT FROM (NEW."is_promotional") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."wallet_id" IS DISTINCT FROM (NEW."wallet_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='82c41bb1e2519dc0dbebdb29d2b12c106a53c7a4', operation='UPDATE', pgid='pgtrigger_frozen_a7383', table='billing_walletlot', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletlot',
            trigger=pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='7c8804e0f7e4d57b801997f7de45747c9eedce5d', operation='DELETE', pgid='pgtrigger_kept_0f4fe', table='billing_walletlot', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='wallettransaction',
            index=models.Index(fields=['environment', 'wallet', '-id'], name='billing_wallettransaction_of'),
        ),
        migrations.AddConstraint(
            model_name='wallettransaction',
            constraint=models.UniqueConstraint(fields=('environment', 'wallet', 'key'), name='billing_wallettransaction_once'),
        ),
        migrations.AddConstraint(
            model_name='wallettransaction',
            constraint=models.UniqueConstraint(fields=('environment', 'reverses'), name='billing_wallettransaction_reversed_once'),
        ),
        migrations.AddConstraint(
            model_name='wallettransaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_minor__gt', 0), ('kind__in', ('grant', 'reversal'))), models.Q(('amount_minor__lt', 0), ('kind__in', ('burn', 'expiry'))), _connector='OR'), name='billing_wallettransaction_sign'),
        ),
        migrations.AddConstraint(
            model_name='wallettransaction',
            constraint=models.CheckConstraint(condition=models.Q(('balance_minor__gte', 0)), name='billing_wallettransaction_balance'),
        ),
        migrations.AddConstraint(
            model_name='wallettransaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('kind', 'reversal'), _negated=True), ('reverses', None)), _connector='OR'), name='billing_wallettransaction_reversal_names_it'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallettransaction',
            trigger=pgtrigger.compiler.Trigger(name='amount_is_funded', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT t.amount_minor <> COALESCE(\n    (SELECT sum(f.amount_minor) FROM billing_walletfunding f WHERE f.transaction_id = t.id), 0) INTO wrong\n  FROM billing_wallettransaction t WHERE t.id = NEW.id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet transaction of % is not what its fundings make', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_amount_is_funded';\nEND IF;\nRETURN NULL;\n", hash='4777eb104936773949fce105d2f568f6a445fd4b', operation='INSERT OR UPDATE', pgid='pgtrigger_amount_is_funded_2038f', table='billing_wallettransaction', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallettransaction',
            trigger=pgtrigger.compiler.Trigger(name='in_wallets_currency', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT w.currency <> NEW.currency INTO wrong FROM billing_wallet w WHERE w.id = NEW.wallet_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet transaction % is in another currency than its wallet', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_in_wallets_currency';\nEND IF;\nRETURN NULL;\n", hash='88d89fb8e036ddb4e4d52c77e035dd76b4117d28', operation='INSERT OR UPDATE', pgid='pgtrigger_in_wallets_currency_57fbe', table='billing_wallettransaction', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='wallettransaction',
            trigger=pgtrigger.compiler.Trigger(name='mirrors', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT NEW.reverses_id IS NOT NULL AND (NOT EXISTS (\n    SELECT 1 FROM billing_wallettransaction t\n    WHERE t.id = NEW.reverses_id AND t.wallet_id = NEW.wallet_id AND t.kind = 'burn'\n      AND t.amount_minor = -NEW.amount_minor\n  ) OR EXISTS (\n    SELECT 1 FROM billing_walletfunding f WHERE f.transaction_id IN (NEW.id, NEW.reverses_id)\n    GROUP BY f.lot_id HAVING sum(f.amount_minor) <> 0\n  )) INTO wrong;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet transaction % does not mirror what it reverses', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_mirrors';\nEND IF;\nRETURN NULL;\n", hash='d7ea6178a5ed05861f6cfda03c3eb8b8c6bd1289', operation='INSERT OR UPDATE', pgid='pgtrigger_mirrors_af297', table='billing_wallettransaction', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='walletfunding',
            constraint=models.UniqueConstraint(fields=('environment', 'transaction', 'lot'), name='billing_walletfunding_once'),
        ),
        migrations.AddConstraint(
            model_name='walletfunding',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='billing_walletfunding_not_zero'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletfunding',
            trigger=pgtrigger.compiler.Trigger(name='amount_is_funded', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT t.amount_minor <> COALESCE(\n    (SELECT sum(f.amount_minor) FROM billing_walletfunding f WHERE f.transaction_id = t.id), 0) INTO wrong\n  FROM billing_wallettransaction t WHERE t.id = NEW.transaction_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet transaction of % is not what its fundings make', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_amount_is_funded';\nEND IF;\nRETURN NULL;\n", hash='f737e32445b2168e7360fa41fb83756cb6fd2560', operation='INSERT OR UPDATE', pgid='pgtrigger_amount_is_funded_c60c0', table='billing_walletfunding', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletfunding',
            trigger=pgtrigger.compiler.Trigger(name='left_is_funded', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT l.left_minor <> COALESCE(\n    (SELECT sum(f.amount_minor) FROM billing_walletfunding f WHERE f.lot_id = l.id), 0) INTO wrong\n  FROM billing_walletlot l WHERE l.id = NEW.lot_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'lot of % does not have left what its fundings say', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_left_is_funded';\nEND IF;\nRETURN NULL;\n", hash='ee8fc3dbadc814cc75de89c5f96f7a937cab9e94', operation='INSERT OR UPDATE', pgid='pgtrigger_left_is_funded_96d4f', table='billing_walletfunding', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletfunding',
            trigger=pgtrigger.compiler.Trigger(name='in_one_wallet', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT t.wallet_id <> l.wallet_id OR (t.amount_minor > 0) <> (NEW.amount_minor > 0) INTO wrong\n  FROM billing_wallettransaction t, billing_walletlot l WHERE t.id = NEW.transaction_id AND l.id = NEW.lot_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet funding % is not of its transaction', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_in_one_wallet';\nEND IF;\nRETURN NULL;\n", hash='71a51ea6bfa402ded4e0850e78356337dd653403', operation='INSERT OR UPDATE', pgid='pgtrigger_in_one_wallet_177d6', table='billing_walletfunding', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='walletfunding',
            trigger=pgtrigger.compiler.Trigger(name='in_time', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', declare='DECLARE seen_as text; wrong boolean;', func="\nseen_as := current_setting('app.environment_id', true);\nPERFORM set_config('app.environment_id', NEW.environment_id::text, true);\nSELECT (t.kind = 'burn' AND (t.created_at < l.effective_at OR t.created_at >= COALESCE(l.expires_at, 'infinity')))\n    OR (t.kind = 'expiry' AND t.created_at < COALESCE(l.expires_at, 'infinity')) INTO wrong\n  FROM billing_wallettransaction t, billing_walletlot l WHERE t.id = NEW.transaction_id AND l.id = NEW.lot_id;\nPERFORM set_config('app.environment_id', COALESCE(seen_as, ''), true);\nIF wrong THEN\n  RAISE EXCEPTION 'wallet funding % is outside the time of its lot', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_wallet_in_time';\nEND IF;\nRETURN NULL;\n", hash='fafa53ac9ed4a27d6c4545dbd7ae220ea611a76e', operation='INSERT OR UPDATE', pgid='pgtrigger_in_time_e4633', table='billing_walletfunding', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        AppendOnly("billing_creditnote", "billing_creditnoteline", "billing_wallettransaction", "billing_walletfunding"),
        Fence("billing"),
    ]
