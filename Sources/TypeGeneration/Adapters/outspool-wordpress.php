<?php
/**
 * Plugin Name: Outspool
 * Description: wp_mail() queues in a spool. A must-use plugin: put it into wp-content/mu-plugins, with the producer
 *   (outspool types --lang php) in wp-content/mu-plugins/outspool.
 *
 * WordPress composes the message with its own PHPMailer; only how it is sent is ours.
 */

require_once __DIR__ . '/outspool/outspool.php';

add_action('phpmailer_init', function ($mailer): void {
    // PHPMailer calls the method that is named NAMESend: it is the class below that has it.
    $mailer->Mailer = 'outspool';
}, PHP_INT_MAX);

add_action('plugins_loaded', function (): void {
    global $phpmailer;
    if (!class_exists(\PHPMailer\PHPMailer\PHPMailer::class)) {
        require_once ABSPATH . WPINC . '/PHPMailer/PHPMailer.php';
        require_once ABSPATH . WPINC . '/PHPMailer/SMTP.php';
        require_once ABSPATH . WPINC . '/PHPMailer/Exception.php';
    }
    $base = class_exists('WP_PHPMailer') ? 'WP_PHPMailer' : \PHPMailer\PHPMailer\PHPMailer::class;
    class_alias($base, 'Outspool_Base_Mailer');

    final class Outspool_Mailer extends Outspool_Base_Mailer
    {
        protected function outspoolSend($header, $body)
        {
            try {
                (new \Outspool\Spool())->submit(
                    new \Outspool\Message(rtrim($header) . "\r\n\r\n" . $body),
                    envelopeFrom: $this->Sender !== '' ? $this->Sender : $this->From,
                    envelopeTo: array_map('strval', array_keys($this->all_recipients)));
                return true;
            } catch (\Outspool\SubmitError $error) {
                throw new \PHPMailer\PHPMailer\Exception($error->getMessage());
            }
        }
    }

    $phpmailer = new Outspool_Mailer(true);
});
