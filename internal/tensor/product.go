package tensor

import "gonum.org/v1/gonum/blas/blas32"

// packed is a matrix [out, in] in panels of one of the forms.
type packed struct {
	form    Form
	out, in int
	data    []byte // [ceil(out/panelWidth)] panels
}

// pack reads a matrix [out, in] row by row into panels.
func pack(p *Pool, f Form, out, in int, read func(o int, row []float32)) *packed {
	w := &packed{form: f, out: out, in: in, data: aligned(PackedBytes(f, out, in))}
	p.Run(panels(out), func(worker, i int) {
		panel, row := w.panel(i), p.floats(worker, in)
		if zero := storages[f].zero; zero != nil {
			zero(panel, in)
		}
		for o := i * panelWidth; o < min((i+1)*panelWidth, out); o++ {
			read(o, row)
			storages[f].pack(panel, o%panelWidth, row)
		}
	})
	return w
}

func (w *packed) panel(i int) []byte {
	n := storages[w.form].panel.bytes(w.in)
	return w.data[i*n : (i+1)*n]
}

// part is the memory of inputs k…end-1 of panel i, of which k is a multiple of the group; none of a panel that there is not.
func (w *packed) part(i, k, end int) []byte {
	if i >= panels(w.out) {
		return nil
	}
	l := storages[w.form].panel
	return w.panel(i)[l.bytes(k):l.bytes(end)]
}

// Epilogue is what is done with a product as it leaves the registers.
type Epilogue struct {
	Bias       []float32       // [out]; nil for none
	Add        bool            // add the product to what stands in its place, instead of replacing it
	Activation func([]float32) // applied in place to pieces of rows; nil for none
}

// Blocks of the product. A block of a panel, blockK inputs, stays in the nearest caches while the register tiles go down the
// rows; a block of the activations stays in the second-level cache while the panels go by: some rows of so many bytes.
type blocking struct {
	rows, bytes int
	tasks       int // for each thread, that a product is cut into: enough to end at about the same time
}

var (
	deepBlock = blocking{380, 2560, 32} // passes over the outputs seldom
	tallBlock = blocking{760, 1280, 8}  // passes over the weights seldom
)

// taskPanels is the most panels of a task: so few that its outputs stay in the cache from one block of the inputs to the next.
const taskPanels = 4

// A product of few outputs is cut into more bands of rows, down to leastRows each, until there are tasksPerThread tasks for each thread:
// fewer end at too different times.
const (
	tasksPerThread = 8
	leastRows      = 56 // some register tiles, so that a block of a panel is used often enough
)

// manyWeights is the number of weights from which on they do not stay in any cache from one band of rows to the next.
const manyWeights = 1 << 23

// maxParts is how many products share their activations without an allocation.
const maxParts = 4

// part is one product, dst = x·Wᵀ with W [out, in] in panels; see Epilogue.
type part struct {
	dst      blas32.General
	w        *packed
	epilogue Epilogue
}

// multiplication is one or more products of the same x [rows, in], converted for the kernel, and weights of one form.
type multiplication struct {
	pool    *Pool
	x       blas32.General
	parts   []part
	room    [maxParts]part
	form    Form
	product *product
	a       []byte                        // activations as the kernel wants them, [rows]
	lda     int                           // bytes a row of a
	row     func(dst []byte, x []float32) // converts a row
	block   blocking
	bands   int // of the rows
	group   int // panels a task
	groups  int // of all parts
}

// multiply runs products on the pool, as if they were one with the outputs of all.
func multiply(p *Pool, x blas32.General, parts ...part) {
	if x.Rows == 0 {
		return
	}
	p.apply.Lock()
	defer p.apply.Unlock()
	m := &p.multiplication
	*m = multiplication{pool: p, x: x, form: parts[0].w.form, product: &active.products[parts[0].w.form]}
	m.parts = append(m.room[:0], parts...)
	m.convert()
	count, weights := 0, 0
	for _, part := range m.parts {
		count += panels(part.w.out)
		weights += part.w.out * part.w.in
	}
	m.block = deepBlock
	if weights >= manyWeights {
		m.block = tallBlock
	}
	m.bands = bands(x.Rows, m.block.rows, count, p.Threads())
	m.group = max(1, min(taskPanels, count*m.bands/(m.block.tasks*p.Threads())))
	if x.Rows <= m.product.rows {
		m.group = 1
	}
	for _, part := range m.parts {
		m.groups += m.groupsOf(part)
	}
	p.run(m.bands*m.groups, m)
}

// bands is how many bands rows rows are cut into, of at most so many each, for a product of so many panels.
func bands(rows, most, panels, threads int) int {
	return max((rows+most-1)/most, min((tasksPerThread*threads+panels-1)/panels, rows/leastRows))
}

func (m *multiplication) groupsOf(part part) int { return (panels(part.w.out) + m.group - 1) / m.group }

// convert makes the rows of a from those of x. Floats that the kernel takes as they are stay where they are, unless their rows all
// begin at the same place of a page; see New.
func (m *multiplication) convert() {
	m.row = m.product.convert
	if m.row == nil {
		if m.x.Rows <= m.product.rows || m.x.Stride%pageFloats != 0 {
			m.a, m.lda = bytesOf(m.x.Data), 4*m.x.Stride
			return
		}
		m.row = copyRow
	}
	m.lda = stride(m.product.x.bytes(m.x.Cols))
	if len(m.pool.activations) < m.x.Rows*m.lda {
		m.pool.activations = aligned(m.x.Rows * m.lda)
	}
	m.a = m.pool.activations[:m.x.Rows*m.lda]
	c := &m.pool.conversion
	*c = conversion{m: m, rows: 1 + m.x.Rows/(8*m.pool.Threads())}
	m.pool.run((m.x.Rows+c.rows-1)/c.rows, c)
}

func copyRow(dst []byte, x []float32) { copy(floats(dst), x) }

// conversion converts some rows of a multiplication's activations.
type conversion struct {
	m    *multiplication
	rows int // a task
}

func (c *conversion) do(_, task int) {
	m := c.m
	for r := task * c.rows; r < min((task+1)*c.rows, m.x.Rows); r++ {
		m.row(m.a[r*m.lda:(r+1)*m.lda], Row(m.x, r))
	}
}

// do multiplies a band of the rows by a group of a part's panels.
func (m *multiplication) do(worker, task int) {
	band, g := task/m.groups, task%m.groups
	at := 0
	for g >= m.groupsOf(m.parts[at]) {
		g -= m.groupsOf(m.parts[at])
		at++
	}
	part, in := &m.parts[at], m.x.Cols
	top, bottom := band*m.x.Rows/m.bands, (band+1)*m.x.Rows/m.bands
	first, last := g*m.group, min((g+1)*m.group, panels(part.w.out))
	small, large := m.steps(bottom - top)
	for from := 0; from < in; from += large {
		to := min(from+large, in)
		for i := first; i < last; i++ {
			for k := from; k < to; k += small {
				end := min(k+small, to)
				next, at := i, end // of the block after this one
				if end == to {
					if next, at = i+1, from; next == last && to < in {
						next, at = first, to
					} else if next == last {
						at = 0 // the next task's
					}
				}
				m.panel(worker, part, i, top, bottom, k, end, part.w.part(next, at, min(at+small, in)))
			}
		}
	}
}

// steps is how many inputs are taken at a time for rows rows: of one panel, and of all panels of a task.
func (m *multiplication) steps(rows int) (small, large int) {
	if rows <= m.product.rows {
		return m.x.Cols, m.x.Cols // there is no second tile to keep a panel for: read each to its end
	}
	small = evenly(m.x.Cols, m.product.blockK, max(m.product.x.unit, m.product.x.group))
	large = max(1, m.block.bytes*m.product.x.unit/m.product.x.unitBytes/small) * small
	return small, large
}

// evenly is the size of the fewest parts of at most so much that n falls into, the last one smaller by less than a unit a part. It is
// a multiple of the unit, and so is most.
func evenly(n, most, unit int) int {
	parts := (n + most - 1) / most
	return (n + parts*unit - 1) / (parts * unit) * unit
}

// panel adds inputs k…end-1 of rows top…bottom-1 times those of a part's panel i, in register tiles of even height, and has the memory
// of what comes next fetched meanwhile, which would otherwise be waited for in the first tile. The last panel of a matrix is summed in the
// worker's scratch if it reaches beyond the matrix.
func (m *multiplication) panel(worker int, part *part, i, top, bottom, k, end int, next []byte) {
	from, to := i*panelWidth, min((i+1)*panelWidth, part.w.out)
	rows, dst := bottom-top, columns(Rows(part.dst, top, bottom), from, to)
	steps := (end - k + m.product.unit - 1) / m.product.unit
	kernel, height, b := m.product.panel, m.product.rows, part.w.panel(i)[storages[m.form].panel.bytes(k):]
	shared := m.product.shared
	if rows <= height {
		shared = nil
	}
	// Of a panel that reaches beyond the matrix the sums and the bias stand first, where they stay from one part to the next.
	outside, unpacked := (rows+1)*panelWidth, 0
	if shared != nil {
		unpacked = shared.layout.bytes(end-k) / 4
	}
	room := m.pool.floats(worker, outside+unpacked)
	if shared != nil {
		kernel, height = shared.panel, shared.rows
		shared.unpack(steps, bytesOf(room[outside:]), b)
		b = bytesOf(room[outside:])
	}
	c, bias := dst, noBias[:]
	if part.epilogue.Bias != nil {
		bias = part.epilogue.Bias[from:to]
	}
	if to-from < panelWidth {
		c, bias = blas32.General{Rows: rows, Cols: panelWidth, Stride: panelWidth, Data: room}, append(room[rows*panelWidth:][:0], bias...)[:panelWidth]
		if k == 0 && part.epilogue.Add {
			Copy(c, dst)
		}
	}
	a := m.a[m.product.x.bytes(k)+top*m.lda:]
	tiles := (rows + height - 1) / height
	for t := range tiles {
		r, below := t*rows/tiles, (t+1)*rows/tiles
		tile := c.Data[r*c.Stride:]
		if k == 0 {
			active.initTile(below-r, tile, c.Stride, bias, part.epilogue.Add)
		}
		if tiles > 1 {
			lines := len(next) / alignment
			active.prefetchBytes(next[t*lines/tiles*alignment : (t+1)*lines/tiles*alignment])
		}
		if t+1 < tiles {
			active.prefetch((t+2)*rows/tiles-below, c.Data[below*c.Stride:], c.Stride)
		}
		kernel(below-r, steps, a[r*m.lda:], m.lda, b, tile, c.Stride)
		if end == m.x.Cols && (part.epilogue.Activation != nil || to-from < panelWidth) {
			part.end(Rows(dst, r, below), columns(Rows(c, r, below), 0, to-from))
		}
	}
}

// noBias is the bias of a panel that has none.
var noBias [panelWidth]float32

// end puts a finished tile in its place, if it was summed elsewhere, and activates it.
func (p *part) end(dst, c blas32.General) {
	if &dst.Data[0] != &c.Data[0] {
		Copy(dst, c)
	}
	if p.epilogue.Activation == nil {
		return
	}
	for r := range dst.Rows {
		p.epilogue.Activation(Row(dst, r))
	}
}

// initTileGo sets rows rows of panelWidth floats of C to bias, or adds bias to them.
func initTileGo(rows int, c []float32, ldc int, bias []float32, add bool) {
	for r := range rows {
		row := c[r*ldc : r*ldc+panelWidth]
		if !add {
			clear(row)
		}
		for j, b := range bias[:panelWidth] {
			row[j] += b
		}
	}
}

func noPrefetch(_ int, _ []float32, _ int) {}

// columns is the view of columns i up to j of m, [rows, j-i].
func columns(m blas32.General, i, j int) blas32.General {
	return blas32.General{Rows: m.Rows, Cols: j - i, Stride: m.Stride, Data: m.Data[i:]}
}
