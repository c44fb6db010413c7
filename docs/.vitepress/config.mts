import { defineConfig } from 'vitepress'

const repository = 'https://github.com/lagwise/lagwise'

export default defineConfig({
  title: 'lagwise',
  description: 'A KEDA external scaler for Kafka consumers that answers from memory',
  cleanUrls: true,
  srcExclude: ['node_modules/**'],
  markdown: {
    config(markdown) {
      // A page may point at the repository beside it, such as ../examples; the site has only the pages.
      const open = markdown.renderer.rules.link_open
      markdown.renderer.rules.link_open = (tokens, at, options, env, self) => {
        const target = tokens[at].attrGet('href')
        if (target?.startsWith('../')) {
          tokens[at].attrSet('href', `${repository}/blob/main/${target.slice(3)}`)
        }
        return open ? open(tokens, at, options, env, self) : self.renderToken(tokens, at, options)
      }
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    sidebar: [
      {
        text: 'Begin',
        items: [
          { text: 'Five minutes', link: '/start' },
          { text: 'Moving over from KEDA', link: '/moving-over' },
          { text: 'Troubleshooting', link: '/troubleshooting' },
        ],
      },
      {
        text: 'Triggers',
        items: [
          { text: 'Kafka: every key', link: '/keys' },
          { text: 'Kafka: what the keys decide', link: '/decisions' },
          { text: 'Cron', link: '/cron' },
          { text: 'New Relic', link: '/new-relic' },
          { text: 'RabbitMQ', link: '/rabbitmq' },
        ],
      },
      {
        text: 'Commands',
        items: [
          { text: 'explain: why this number?', link: '/explain' },
          { text: 'lint: before a cluster sees it', link: '/lint' },
          { text: 'convert: there and back', link: '/convert' },
          { text: 'audit: what would move over', link: '/audit' },
          { text: 'simulate: what a change would do', link: '/simulate' },
          { text: 'The status page', link: '/page' },
        ],
      },
      {
        text: 'Operations',
        items: [
          { text: 'Running it', link: '/operations' },
          { text: 'Configuration', link: '/configuration' },
          { text: 'Credentials and TLS', link: '/security' },
          { text: 'Kafka permissions', link: '/kafka-permissions' },
          { text: 'Metrics and alerts', link: '/metrics' },
          { text: 'Sizing', link: '/scaling' },
          { text: 'Reliability', link: '/reliability' },
        ],
      },
      {
        text: 'Background',
        items: [
          { text: 'Architecture', link: '/architecture' },
          { text: 'Notes on KEDA', link: '/keda-notes' },
          { text: 'Benchmarks', link: '/benchmarks' },
          { text: 'The closed loop', link: '/closed-loop' },
        ],
      },
    ],
  },
})
