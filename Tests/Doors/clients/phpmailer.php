<?php
require '/usr/share/php/libphp-phpmailer/autoload.php';
$mail = new PHPMailer\PHPMailer\PHPMailer(true);
$mail->isSMTP();
$mail->CharSet = 'utf-8';
$mail->Host = $argv[1];
$mail->Port = (int) $argv[2];
$mail->setFrom('zoe@example.com');
$mail->addAddress('bob@example.org');
$mail->Subject = 'hällo';
$mail->Body = "hällo\n";
$mail->addStringAttachment(str_repeat('x', 5000), 'x.bin');
$mail->send();
