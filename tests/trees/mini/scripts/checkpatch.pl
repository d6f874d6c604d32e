#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
# Stands in for the real one: complains about lines that say FINDING, those that
# a patch adds or those of a file, and dies when it is told to.
use strict;
use warnings;

my $is_file = grep { $_ eq '--file' } @ARGV;
# as the real one: in front of the first file it names none
my $shows_file = grep { $_ eq '--showfile' } @ARGV;
my $found = 0;
foreach my $path (grep { !/^--/ } @ARGV) {
	my ($where, $line) = ($shows_file ? "" : $path, 0);
	open(my $in, '<', $path) or die "Can't open $path: $!\n";
	while (my $text = <$in>) {
		if ($is_file) {
			$line = $.;
		} elsif ($text =~ m{^\+\+\+ b/(\S+)}) {
			$where = $1;
			next;
		} elsif ($text =~ /^@@ -\S+ \+(\d+)/) {
			$line = $1 - 1;
			next;
		} elsif ($text =~ /^\+/) {
			$line++;
		} else {
			$line++ if ($text =~ /^ /);
			next;
		}
		die "Can't go on, told to die\n" if ($text =~ /^\+DIE/);
		if ($text =~ /FINDING(?: <(\w+)>)?/) {
			my $subject = defined($1) ? " <$1>" : "";
			print "$where:$line: WARNING:MADE_UP: do not write this$subject\n";
			$found = 1;
		}
	}
	close($in);
}
exit $found;
