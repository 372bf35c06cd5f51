/* What GMime, the parser of notmuch and others, reads in messages.
 *
 * Standard input has one message in base64 on each line. For each, standard output gets lines of a word
 * and values in base64 with tabs between them, and a line with a dot. What GMime warns of is among them. */
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void value(const void *bytes, gsize count)
{
	gchar *text = g_base64_encode(bytes, count);
	printf("\t%s", text);
	g_free(text);
}

static void text(const char *string) { value(string ? string : "", string ? strlen(string) : 0); }

static void line(const char *word, const char *string)
{
	fputs(word, stdout);
	text(string);
	putchar('\n');
}

static void warned(gint64 offset, GMimeParserWarning code, const gchar *item, gpointer unused)
{
	char description[64];
	snprintf(description, sizeof description, "%d at %d: ", (int)code, (int)offset);
	fputs("warning", stdout);
	text(description);
	text(item);
	putchar('\n');
}

static void addresses(GMimeMessage *message, const char *word, GMimeAddressType type)
{
	InternetAddressList *list = g_mime_message_get_addresses(message, type);
	for (int i = 0; i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		/* An empty group stands where nobody is named. */
		if (!INTERNET_ADDRESS_IS_MAILBOX(address)) continue;
		fputs(word, stdout);
		text(internet_address_get_name(address));
		text(internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(address)));
		putchar('\n');
	}
}

static void part(GMimeObject *parent, GMimeObject *object, gpointer unused)
{
	if (!GMIME_IS_PART(object)) return;
	GMimeStream *memory = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(object)), memory);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
	gchar *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
	fputs("part", stdout);
	text(g_mime_object_get_disposition(object));
	text(g_mime_part_get_filename(GMIME_PART(object)));
	text(g_mime_object_get_content_id(object));
	text(type);
	value(bytes->data, bytes->len);
	putchar('\n');
	g_free(type);
	g_object_unref(memory);
}

static void judge(GMimeParserOptions *options, const guchar *bytes, gsize count)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)bytes, count);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, options);
	if (message) {
		line("subject", g_mime_message_get_subject(message));
		line("id", g_mime_message_get_message_id(message));
		GDateTime *date = g_mime_message_get_date(message);
		char seconds[32];
		snprintf(seconds, sizeof seconds, "%lld", date ? (long long)g_date_time_to_unix(date) : -1LL);
		line("date", seconds);
		addresses(message, "from", GMIME_ADDRESS_TYPE_FROM);
		addresses(message, "to", GMIME_ADDRESS_TYPE_TO);
		addresses(message, "cc", GMIME_ADDRESS_TYPE_CC);
		addresses(message, "bcc", GMIME_ADDRESS_TYPE_BCC);
		addresses(message, "reply-to", GMIME_ADDRESS_TYPE_REPLY_TO);
		GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
		for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
			GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
			fputs("header", stdout);
			text(g_mime_header_get_name(header));
			text(g_mime_header_get_value(header));
			putchar('\n');
		}
		g_mime_message_foreach(message, part, NULL);
		g_object_unref(message);
	}
	puts(".");
	g_object_unref(parser);
	g_object_unref(stream);
}

int main(void)
{
	g_mime_init();
	GMimeParserOptions *options = g_mime_parser_options_new();
	g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
	g_mime_parser_options_set_parameter_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
	g_mime_parser_options_set_rfc2047_compliance_mode(options, GMIME_RFC_COMPLIANCE_STRICT);
	g_mime_parser_options_set_warning_callback(options, warned, NULL);
	char *input = NULL;
	size_t room = 0;
	ssize_t length;
	while ((length = getline(&input, &room, stdin)) > 0) {
		gsize count;
		guchar *bytes = g_base64_decode_inplace(input, &count) ? (guchar *)input : NULL;
		if (bytes) judge(options, bytes, count);
	}
	free(input);
	g_mime_parser_options_free(options);
	g_mime_shutdown();
	return ferror(stdout) || fflush(stdout);
}
