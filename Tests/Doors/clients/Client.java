import jakarta.mail.Message;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.util.Properties;

public class Client {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("mail.smtp.host", arguments[0]);
        properties.put("mail.smtp.port", arguments[1]);
        MimeMessage mail = new MimeMessage(Session.getInstance(properties));
        mail.setFrom(new InternetAddress("zoe@example.com"));
        mail.setRecipient(Message.RecipientType.TO, new InternetAddress("bob@example.org"));
        mail.setSubject("h\u00e4llo", "utf-8");
        mail.setText("h\u00e4llo\n", "utf-8");
        Transport.send(mail);
    }
}
