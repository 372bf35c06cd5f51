require 'mail'
mail = Mail.new(charset: 'UTF-8', from: 'zoe@example.com', to: 'bob@example.org', subject: 'hällo', body: "hällo\n")
mail.add_file(filename: 'x.bin', content: 'x' * 5000)
mail.delivery_method :smtp, address: ARGV[0], port: ARGV[1].to_i
mail.deliver!
