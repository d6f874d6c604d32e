// SPDX-License-Identifier: GPL-2.0-only
// A workload for node: functions hot enough to be compiled, closures, sorting, promises, a hash.
const crypto = require("crypto");

function hash(text) {
	let value = 7;
	for (let i = 0; i < text.length; i++)
		value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
	return value;
}

let total = 0;
for (let i = 0; i < 20000; i++)
	total = (total + hash("item" + (i % 97))) % 1000003;
console.log(total);
console.log([...Array(300).keys()].map((n) => (n * 7919) % 1009).sort((a, b) => a - b).slice(0, 9));
console.log(Math.sqrt(2) * Math.exp(1.5), Math.sin(3) ** 0.3);
console.log("item-17 item-42".replace(/(\d)(\d)/g, "$2$1"), 3n ** 90n);
console.log(crypto.createHash("sha256").update("text").digest("hex"));
Promise.all([1, 2, 3].map(async (n) => n * n)).then((all) => console.log(all.join()));
