#include "producers.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

/// Defines the function of a file whose bytes are above it.
#define FILE_OF(name) \
    struct producer_file producer_##name(void) { return (struct producer_file){name, sizeof name}; }

static const unsigned char AddressReader_cs[] = {
#embed "../TypeGeneration/Producers/AddressReader.cs"
};
FILE_OF(AddressReader_cs)

static const unsigned char AddressReader_java[] = {
#embed "../TypeGeneration/Producers/AddressReader.java"
};
FILE_OF(AddressReader_java)

static const unsigned char Draft_cs[] = {
#embed "../TypeGeneration/Producers/Draft.cs"
};
FILE_OF(Draft_cs)

static const unsigned char Form_cs[] = {
#embed "../TypeGeneration/Producers/Form.cs"
};
FILE_OF(Form_cs)

static const unsigned char Form_java[] = {
#embed "../TypeGeneration/Producers/Form.java"
};
FILE_OF(Form_java)

static const unsigned char Formats_cs[] = {
#embed "../TypeGeneration/Producers/Formats.cs"
};
FILE_OF(Formats_cs)

static const unsigned char Formats_java[] = {
#embed "../TypeGeneration/Producers/Formats.java"
};
FILE_OF(Formats_java)

static const unsigned char Job_cs[] = {
#embed "../TypeGeneration/Producers/Job.cs"
};
FILE_OF(Job_cs)

static const unsigned char Job_java[] = {
#embed "../TypeGeneration/Producers/Job.java"
};
FILE_OF(Job_java)

static const unsigned char Json_cs[] = {
#embed "../TypeGeneration/Producers/Json.cs"
};
FILE_OF(Json_cs)

static const unsigned char Json_java[] = {
#embed "../TypeGeneration/Producers/Json.java"
};
FILE_OF(Json_java)

static const unsigned char JsonValues_cs[] = {
#embed "../TypeGeneration/Producers/JsonValues.cs"
};
FILE_OF(JsonValues_cs)

static const unsigned char Letter_cs[] = {
#embed "../TypeGeneration/Producers/Letter.cs"
};
FILE_OF(Letter_cs)

static const unsigned char Letter_java[] = {
#embed "../TypeGeneration/Producers/Letter.java"
};
FILE_OF(Letter_java)

static const unsigned char Native_cs[] = {
#embed "../TypeGeneration/Producers/Native.cs"
};
FILE_OF(Native_cs)

static const unsigned char Outspool_cs[] = {
#embed "../TypeGeneration/Producers/Outspool.cs"
};
FILE_OF(Outspool_cs)

static const unsigned char SchemaCheck_cs[] = {
#embed "../TypeGeneration/Producers/SchemaCheck.cs"
};
FILE_OF(SchemaCheck_cs)

static const unsigned char SchemaCheck_java[] = {
#embed "../TypeGeneration/Producers/SchemaCheck.java"
};
FILE_OF(SchemaCheck_java)

static const unsigned char Schemas_java[] = {
#embed "../TypeGeneration/Producers/Schemas.java"
};
FILE_OF(Schemas_java)

static const unsigned char Spool_java[] = {
#embed "../TypeGeneration/Producers/Spool.java"
};
FILE_OF(Spool_java)

static const unsigned char SubmitException_cs[] = {
#embed "../TypeGeneration/Producers/SubmitException.cs"
};
FILE_OF(SubmitException_cs)

static const unsigned char SubmitException_java[] = {
#embed "../TypeGeneration/Producers/SubmitException.java"
};
FILE_OF(SubmitException_java)

static const unsigned char Submitter_java[] = {
#embed "../TypeGeneration/Producers/Submitter.java"
};
FILE_OF(Submitter_java)

static const unsigned char Whereabouts_java[] = {
#embed "../TypeGeneration/Producers/Whereabouts.java"
};
FILE_OF(Whereabouts_java)

static const unsigned char outspool_d_mts[] = {
#embed "../TypeGeneration/Producers/outspool.d.mts"
};
FILE_OF(outspool_d_mts)

static const unsigned char outspool_go[] = {
#embed "../TypeGeneration/Producers/outspool.go"
};
FILE_OF(outspool_go)

static const unsigned char outspool_mjs[] = {
#embed "../TypeGeneration/Producers/outspool.mjs"
};
FILE_OF(outspool_mjs)

static const unsigned char outspool_php[] = {
#embed "../TypeGeneration/Producers/outspool.php"
};
FILE_OF(outspool_php)

static const unsigned char outspool_py[] = {
#embed "../TypeGeneration/Producers/outspool.py"
};
FILE_OF(outspool_py)

static const unsigned char outspool_rb[] = {
#embed "../TypeGeneration/Producers/outspool.rb"
};
FILE_OF(outspool_rb)

static const unsigned char outspool_address_go[] = {
#embed "../TypeGeneration/Producers/outspool_address.go"
};
FILE_OF(outspool_address_go)

static const unsigned char outspool_address_mjs[] = {
#embed "../TypeGeneration/Producers/outspool_address.mjs"
};
FILE_OF(outspool_address_mjs)

static const unsigned char outspool_address_php[] = {
#embed "../TypeGeneration/Producers/outspool_address.php"
};
FILE_OF(outspool_address_php)

static const unsigned char outspool_address_py[] = {
#embed "../TypeGeneration/Producers/outspool_address.py"
};
FILE_OF(outspool_address_py)

static const unsigned char outspool_address_rb[] = {
#embed "../TypeGeneration/Producers/outspool_address.rb"
};
FILE_OF(outspool_address_rb)

static const unsigned char outspool_attachments_php[] = {
#embed "../TypeGeneration/Producers/outspool_attachments.php"
};
FILE_OF(outspool_attachments_php)

static const unsigned char outspool_draft_go[] = {
#embed "../TypeGeneration/Producers/outspool_draft.go"
};
FILE_OF(outspool_draft_go)

static const unsigned char outspool_fields_go[] = {
#embed "../TypeGeneration/Producers/outspool_fields.go"
};
FILE_OF(outspool_fields_go)

static const unsigned char outspool_files_mjs[] = {
#embed "../TypeGeneration/Producers/outspool_files.mjs"
};
FILE_OF(outspool_files_mjs)

static const unsigned char outspool_files_php[] = {
#embed "../TypeGeneration/Producers/outspool_files.php"
};
FILE_OF(outspool_files_php)

static const unsigned char outspool_files_py[] = {
#embed "../TypeGeneration/Producers/outspool_files.py"
};
FILE_OF(outspool_files_py)

static const unsigned char outspool_form_go[] = {
#embed "../TypeGeneration/Producers/outspool_form.go"
};
FILE_OF(outspool_form_go)

static const unsigned char outspool_form_mjs[] = {
#embed "../TypeGeneration/Producers/outspool_form.mjs"
};
FILE_OF(outspool_form_mjs)

static const unsigned char outspool_form_php[] = {
#embed "../TypeGeneration/Producers/outspool_form.php"
};
FILE_OF(outspool_form_php)

static const unsigned char outspool_form_py[] = {
#embed "../TypeGeneration/Producers/outspool_form.py"
};
FILE_OF(outspool_form_py)

static const unsigned char outspool_form_rb[] = {
#embed "../TypeGeneration/Producers/outspool_form.rb"
};
FILE_OF(outspool_form_rb)

static const unsigned char outspool_format_go[] = {
#embed "../TypeGeneration/Producers/outspool_format.go"
};
FILE_OF(outspool_format_go)

static const unsigned char outspool_format_php[] = {
#embed "../TypeGeneration/Producers/outspool_format.php"
};
FILE_OF(outspool_format_php)

static const unsigned char outspool_job_go[] = {
#embed "../TypeGeneration/Producers/outspool_job.go"
};
FILE_OF(outspool_job_go)

static const unsigned char outspool_job_php[] = {
#embed "../TypeGeneration/Producers/outspool_job.php"
};
FILE_OF(outspool_job_php)

static const unsigned char outspool_job_py[] = {
#embed "../TypeGeneration/Producers/outspool_job.py"
};
FILE_OF(outspool_job_py)

static const unsigned char outspool_job_rb[] = {
#embed "../TypeGeneration/Producers/outspool_job.rb"
};
FILE_OF(outspool_job_rb)

static const unsigned char outspool_json_go[] = {
#embed "../TypeGeneration/Producers/outspool_json.go"
};
FILE_OF(outspool_json_go)

static const unsigned char outspool_mail_go[] = {
#embed "../TypeGeneration/Producers/outspool_mail.go"
};
FILE_OF(outspool_mail_go)

static const unsigned char outspool_mail_rb[] = {
#embed "../TypeGeneration/Producers/outspool_mail.rb"
};
FILE_OF(outspool_mail_rb)

static const unsigned char outspool_outcome_go[] = {
#embed "../TypeGeneration/Producers/outspool_outcome.go"
};
FILE_OF(outspool_outcome_go)

static const unsigned char outspool_schema_go[] = {
#embed "../TypeGeneration/Producers/outspool_schema.go"
};
FILE_OF(outspool_schema_go)

static const unsigned char outspool_schema_mjs[] = {
#embed "../TypeGeneration/Producers/outspool_schema.mjs"
};
FILE_OF(outspool_schema_mjs)

static const unsigned char outspool_schema_php[] = {
#embed "../TypeGeneration/Producers/outspool_schema.php"
};
FILE_OF(outspool_schema_php)

static const unsigned char outspool_schema_py[] = {
#embed "../TypeGeneration/Producers/outspool_schema.py"
};
FILE_OF(outspool_schema_py)

static const unsigned char outspool_schema_rb[] = {
#embed "../TypeGeneration/Producers/outspool_schema.rb"
};
FILE_OF(outspool_schema_rb)

static const unsigned char OutspoolTesting_php[] = {
#embed "../TypeGeneration/Adapters/OutspoolTesting.php"
};
FILE_OF(OutspoolTesting_php)

static const unsigned char OutspoolTransport_php[] = {
#embed "../TypeGeneration/Adapters/OutspoolTransport.php"
};
FILE_OF(OutspoolTransport_php)

static const unsigned char outspool_wordpress_php[] = {
#embed "../TypeGeneration/Adapters/outspool-wordpress.php"
};
FILE_OF(outspool_wordpress_php)

static const unsigned char outspool_actionmailer_rb[] = {
#embed "../TypeGeneration/Adapters/outspool_actionmailer.rb"
};
FILE_OF(outspool_actionmailer_rb)

static const unsigned char outspool_django_py[] = {
#embed "../TypeGeneration/Adapters/outspool_django.py"
};
FILE_OF(outspool_django_py)

static const unsigned char outspool_flask_py[] = {
#embed "../TypeGeneration/Adapters/outspool_flask.py"
};
FILE_OF(outspool_flask_py)

static const unsigned char outspool_nodemailer_mjs[] = {
#embed "../TypeGeneration/Adapters/outspool_nodemailer.mjs"
};
FILE_OF(outspool_nodemailer_mjs)

static const unsigned char outspool_pytest_py[] = {
#embed "../TypeGeneration/Adapters/outspool_pytest.py"
};
FILE_OF(outspool_pytest_py)
