<?php

// wp_mail() of the real WordPress, whose database is not asked: with a Bcc and a file, and one that cannot be sent.

declare(strict_types=1);

const ABSPATH = '/usr/share/wordpress/';
const WPINC = 'wp-includes';
const WP_CONTENT_DIR = __DIR__;
$_SERVER['SERVER_NAME'] = 'shop.example.com';

foreach (['version', 'load', 'plugin', 'class-wp-error', 'functions', 'formatting', 'kses', 'l10n', 'pluggable'] as $file) {
    require_once ABSPATH . WPINC . "/$file.php";
}
// What these few ask of the database.
function get_bloginfo(string $show = ''): string
{
    return 'UTF-8';
}
function network_home_url(): string
{
    return 'https://shop.example.com';
}
add_filter('pre_option', fn() => 'UTF-8');

require __DIR__ . '/outspool-wordpress.php';
do_action('plugins_loaded');

file_put_contents(__DIR__ . '/a.txt', 'x');
$headers = ['From: Shop <shop@example.com>', 'Bcc: b@example.com'];
if (!wp_mail('zoe@example.com', 'Grüße', 'text', $headers, [__DIR__ . '/a.txt'])) {
    throw new Exception('wp_mail fails');
}
$files = glob(getenv('OUTSPOOL_SPOOL') . '/new/*') ?: [];
$job = json_decode((string) file_get_contents($files[0]));
$isRight = count($files) === 1 && $job->envelope->from === 'shop@example.com'
    && $job->envelope->to === ['zoe@example.com', 'b@example.com'] && str_contains($job->message, 'a.txt')
    && !str_contains($job->message, 'b@example.com');
if (!$isRight) {
    throw new Exception((string) json_encode($job));
}
putenv('OUTSPOOL_SPOOL=/nonexistent');
if (wp_mail('zoe@example.com', 's', 't', $headers)) {
    throw new Exception('sent to a spool that is not there');
}
