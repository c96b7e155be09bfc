"""Every process that reenact starts is started here; nothing else imports ``subprocess``."""
