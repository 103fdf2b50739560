import { playwright } from '@vitest/browser-playwright';
import type { TestProject } from 'vitest/node';
import { type OpenPage, type OtherName, openOther } from '../../../scripts/browsers.ts';

/** Vitest's page in a browser that is started by its command; the page reports by itself. */
export function otherProvider(name: OtherName, path: string) {
  const { serverFactory } = playwright();
  return {
    name: 'command',
    options: {},
    serverFactory,
    providerFactory(project: TestProject) {
      // Windows stay as large as they are.
      project.browser?.registerCommand(
        '__vitest_viewport' as never,
        async () => undefined as never,
      );
      let page: OpenPage | undefined;
      return {
        name: 'command',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(_session: string, url: string) {
          await page?.close();
          page = openOther(name, path, url);
        },
        close: async () => page?.close(),
      };
    },
  };
}
