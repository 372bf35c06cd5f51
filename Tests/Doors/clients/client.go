package main

import (
	"log"
	"net/smtp"
	"os"
)

func main() {
	message := "From: zoe@example.com\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?h=C3=A4llo?=\r\n\r\nhällo\r\n"
	address := os.Args[1] + ":" + os.Args[2]
	if err := smtp.SendMail(address, nil, "zoe@example.com", []string{"bob@example.org"}, []byte(message)); err != nil {
		log.Fatal(err)
	}
}
