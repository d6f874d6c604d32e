#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
# Stands in for the real one: complains about added lines that say FINDING, and
# dies when it is told to.
use strict;
use warnings;

my $found = 0;
foreach my $file (grep { !/^--/ } @ARGV) {
	open(my $in, '<', $file) or die "$file: cannot open: $!\n";
	while (my $line = <$in>) {
		die "told to die\n" if ($line =~ /^\+DIE/);
		if ($line =~ /^\+.*FINDING(?: <(\w+)>)?/) {
			my $subject = defined($1) ? " <$1>" : "";
			print "$file:$.: WARNING:MADE_UP: do not write this$subject\n";
			$found = 1;
		}
	}
	close($in);
}
print STDERR "options: @ARGV\n" if ($ENV{'FAKE_CHECKPATCH_OPTIONS'});
exit $found;
