# SPDX-License-Identifier: GPL-2.0-only
# A workload for perl: numbers, regular expressions, hashes, sorting, files, a child.
use strict;
use warnings;
use List::Util qw(sum max reduce);

print sqrt(2) * exp(1.5), "\n";
printf "%.12f %.12f %.12f %g\n", sin($_), atan2($_, 3), log($_), $_**0.3 for 1 .. 25;

my $text = join ' ', map { sprintf 'item%03d-%x', $_ % 13, $_ } 1 .. 150;
my %count;
$count{$1}++ while $text =~ /\b(\w\w\w\w\d+)-(?=\w)/g;
print join(',', map { "$_=$count{$_}" } sort keys %count), "\n";
(my $other = $text) =~ s/(\d)(\d)/$2$1/g;
print unpack('%32C*', $other), ' ', length $other, "\n";
$other =~ tr/a-y/b-z/;
print substr($other, 0, 60), "\n";

my @numbers = map { ($_ * 7919) % 1009 } 1 .. 300;
my @sorted = sort { $a <=> $b or $b <=> $a } @numbers;
print sum(@sorted), ' ', max(@numbers), ' ', reduce { ($a * 31 + $b) % 65521 } @sorted;
print "\n";

my @tree = map { { name => "n$_", list => [1 .. $_ % 5], self => sub { $_[0] * 2 } } } 1 .. 60;
print join(' ', map { $_->{name} . scalar(@{$_->{list}}) . $_->{self}->(3) } @tree), "\n";

sub deep { my $n = shift; return $n ? 1 + deep($n - 1) : 0 }
print deep(90), "\n";

my $caught = eval { die { code => 42 } } || $@->{code};
print "caught $caught\n";

open my $file, '>', 'perl.out' or die "perl.out: $!";
printf $file "%05d %s\n", $_, pack('N', $_ * 12345) for 1 .. 200;
close $file;
open $file, '<', 'perl.out' or die "perl.out: $!";
my $lines = () = <$file>;
print "$lines lines\n";

local $SIG{USR1} = sub { print "signal\n" };
kill 'USR1', $$ for 1 .. 3;

$| = 1;
for my $number (1 .. 3) {
	my $child = fork // die "fork: $!";
	if (!$child) {
		print "child $number\n";
		exit $number;
	}
	waitpid $child, 0;
	print 'status ', $? >> 8, "\n";
}
