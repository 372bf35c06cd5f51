const nodemailer = require('/usr/share/nodejs/nodemailer');
const [host, port] = process.argv.slice(2);
nodemailer.createTransport({ host, port: Number(port) }).sendMail({
    from: 'zoe@example.com', to: 'bob@example.org', subject: 'hällo', text: 'hällo\n',
    attachments: [{ filename: 'x.bin', content: Buffer.alloc(5000, 'x') }],
}).catch(error => { console.error(error); process.exit(1); });
