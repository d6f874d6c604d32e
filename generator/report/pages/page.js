"use strict";
(function () {
	const all = (query) => Array.from(document.querySelectorAll(query));
	const folds = all("details");
	const setFolds = (open) => folds.forEach((fold) => { fold.open = open; });

	document.getElementById("unfold").addEventListener("click", () => setFolds(true));
	document.getElementById("fold").addEventListener("click", () => setFolds(false));

	const search = document.getElementById("search");
	const found = document.getElementById("found");
	const texts = new Map(all(".find").map((item) => [item, item.textContent.toLowerCase()]));

	function show() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		let count = 0;
		texts.forEach((text, item) => {
			const hit = words.every((word) => text.includes(word));
			item.hidden = !hit;
			count += hit ? 1 : 0;
		});
		found.textContent = words.length ? count + " of " + texts.size : "";
	}
	search.addEventListener("input", show);
	document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());

	/* the arrow keys move in a grid; the reason of the cell is shown below it */
	all(".grid").forEach((grid) => {
		const cells = Array.from(grid.querySelectorAll("[data-why]"));
		const said = document.getElementById(grid.dataset.said);
		const tell = (cell) => { said.textContent = cell.dataset.why; };
		const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -16, ArrowDown: 16 };
		cells.forEach((cell, place) => {
			cell.tabIndex = place ? -1 : 0;
			cell.addEventListener("focus", () => tell(cell));
			cell.addEventListener("mouseenter", () => tell(cell));
			cell.addEventListener("keydown", (event) => {
				const next = cells[place + (steps[event.key] || 0)];
				if (steps[event.key] && next) {
					event.preventDefault();
					cells.forEach((other) => { other.tabIndex = -1; });
					next.tabIndex = 0;
					next.focus();
				}
			});
		});
	});

	let before = null;
	window.addEventListener("beforeprint", () => {
		before = folds.map((fold) => fold.open);
		/* the patches alone are 150 pages: paper has what is open, unless all of it is wanted */
		if (document.getElementById("whole").checked) {
			setFolds(true);
		}
	});
	window.addEventListener("afterprint", () => {
		folds.forEach((fold, place) => { fold.open = before ? before[place] : fold.open; });
	});
})();
