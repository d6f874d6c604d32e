int unbalanced(int a)
{
	if (a) {
	return 0;
