using System.Net.Mail;

class Client
{
    static void Main(string[] arguments)
    {
        var mail = new MailMessage("zoe@example.com", "bob@example.org", "h\u00e4llo", "h\u00e4llo\n");
        new SmtpClient(arguments[0], int.Parse(arguments[1])).Send(mail);
    }
}
